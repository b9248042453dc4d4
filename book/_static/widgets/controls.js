// What widgets share: sliders, lists and buttons with names, a status line, and numbers to read.

const Controls = {
  // Two decimals and a real minus, or as many decimals as asked for.
  number(value, decimals = 2) {
    const unit = 10 ** decimals;
    return (Math.round(unit * value) / unit + 0).toFixed(decimals).replace("-", "−");
  },

  read(cell) {
    return Number(cell.textContent.replace("−", "-"));
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

  list(name, choices, changed) {
    const list = document.createElement("select");
    list.append(...choices.map((choice) => new Option(choice)));
    list.addEventListener("change", changed);
    return Controls.labelled(name, list);
  },

  button(name, pressed) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: name });
    button.addEventListener("click", pressed);
    return button;
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

  status(figure) {
    const line = figure.querySelector(".reading");
    line.setAttribute("role", "status");
    return line;
  },
};
