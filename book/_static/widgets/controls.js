// What widgets share: sliders, lists and buttons with names, rows of buttons that walk through
// steps, a status line, and numbers to read.

const Controls = {
  // Keys, and the place that each of them leads to; buttons, and the key that each stands for.
  MOVES: {
    ArrowRight: (at) => at + 1,
    ArrowDown: (at) => at + 1,
    ArrowLeft: (at) => at - 1,
    ArrowUp: (at) => at - 1,
    Home: () => 0,
    End: () => Infinity,
  },
  WALKERS: { First: "Home", Back: "ArrowLeft", Next: "ArrowRight", Last: "End" },

  // Two decimals and a real minus, or as many decimals as asked for.
  number(value, decimals = 2) {
    const unit = 10 ** decimals;
    return (Math.round(unit * value) / unit + 0).toFixed(decimals).replace("-", "−");
  },

  read(cell) {
    return Number(cell.textContent.replace("−", "-"));
  },

  rows(figure) {
    return [...figure.querySelectorAll("tbody tr")];
  },

  // Write texts into the cells of a row, from a column on.
  fill(row, column, texts) {
    texts.forEach((text, i) => {
      row.cells[column + i].textContent = text;
    });
  },

  data(figure) {
    return JSON.parse(figure.querySelector("script[type='application/json']").textContent);
  },

  labelled(name, input) {
    const holder = document.createElement("label");
    holder.append(Object.assign(document.createElement("span"), { textContent: name }), input);
    if (input.said) holder.append(input.said);
    return input;
  },

  // A slider; if its value has a text, `said` shows that, and it is read aloud. Whoever sets the
  // value calls `say`.
  range({ min, max, step, value }, changed, text) {
    const input = document.createElement("input");
    Object.assign(input, { type: "range", min, max, step });
    input.value = value;
    if (text) Controls.voice(input, text);
    input.addEventListener("input", changed);
    return input;
  },

  voice(input, text) {
    input.said = document.createElement("span");
    input.said.setAttribute("aria-hidden", "true"); // the slider says it itself
    input.say = () => {
      input.said.textContent = text(Number(input.value));
      input.setAttribute("aria-valuetext", input.said.textContent);
    };
    input.addEventListener("input", input.say);
    input.say();
  },

  slider(name, range, changed, text) {
    return Controls.labelled(name, Controls.range(range, changed, text));
  },

  select(choices, changed) {
    const list = document.createElement("select");
    list.append(...choices.map((choice) => new Option(choice)));
    list.addEventListener("change", changed);
    return list;
  },

  list(name, choices, changed) {
    return Controls.labelled(name, Controls.select(choices, changed));
  },

  button(name, pressed) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: name });
    button.addEventListener("click", pressed);
    return button;
  },

  // A row of buttons with a name.
  group(name, buttons) {
    const row = document.createElement("div");
    row.className = "controls";
    row.setAttribute("role", "group");
    row.setAttribute("aria-label", name);
    row.append(...buttons);
    return row;
  },

  // A row that walks through the places from 0 to `last()`, by buttons, the arrow keys, Home and
  // End: it calls `show(place)`. Whoever shows a place calls `stand(place)`.
  walk(name, last, show) {
    let here = 0;
    const go = (key) => show(Math.min(Math.max(Controls.MOVES[key](here), 0), last()));
    const buttons = Object.entries(Controls.WALKERS).map(([text, key]) =>
      Controls.button(text, () => go(key)),
    );
    const row = Controls.group(name, buttons);
    row.addEventListener("keydown", (event) => {
      const plain = !(event.ctrlKey || event.metaKey || event.altKey);
      if (plain && event.key in Controls.MOVES) {
        event.preventDefault();
        go(event.key);
      }
    });
    row.stand = (place) => {
      here = place;
      buttons.forEach((button, i) => {
        button.setAttribute("aria-disabled", place === (i < 2 ? 0 : last()));
      });
    };
    return row;
  },

  // Sliders and lists with their labels, and buttons, above the figure.
  place(figure, inputs) {
    const controls = document.createElement("div");
    controls.className = "controls";
    const buttons = document.createElement("div");
    buttons.className = "buttons";
    inputs.forEach((input) => {
      const label = input.closest("label");
      (label ? controls : buttons).append(label ?? input);
    });
    if (buttons.children.length) controls.append(buttons);
    figure.prepend(controls);
  },

  // The sentence of a figure, or a new one, which is read aloud when it changes.
  status(figure) {
    const line = figure.querySelector(".reading") ?? document.createElement("p");
    line.setAttribute("role", "status");
    return line;
  },
};
