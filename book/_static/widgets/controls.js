// What widgets share: labelled sliders and lists, a row for them, and numbers as a reader sees them.

const Controls = {
  // A number with a real minus, and none before a zero.
  text(value, digits = 2) {
    const scale = 10 ** digits;
    return (Math.round(scale * value) / scale + 0).toFixed(digits).replace("-", "−");
  },

  label(name, input, ...more) {
    const holder = document.createElement("label");
    const words = Object.assign(document.createElement("span"), { textContent: name });
    holder.append(words, input, ...more);
    return input;
  },

  // A slider; if its value has a text, that stands beside it and is read aloud.
  slider(name, { min, max, step, value }, change, text) {
    const input = document.createElement("input");
    Object.assign(input, { type: "range", min, max, step, value });
    const shown = document.createElement("span");
    shown.setAttribute("aria-hidden", "true"); // the slider says it itself
    Controls.label(name, input, ...(text ? [shown] : []));
    input.read = () => {
      if (!text) return;
      shown.textContent = text(Number(input.value));
      input.setAttribute("aria-valuetext", shown.textContent);
    };
    input.addEventListener("input", () => {
      input.read();
      change();
    });
    input.read();
    return input;
  },

  list(name, choices, change) {
    const list = document.createElement("select");
    list.append(...choices.map((choice) => new Option(choice)));
    list.addEventListener("change", change);
    return Controls.label(name, list);
  },

  // A row at the top of a figure: inputs with their labels, then whatever else there is.
  row(figure, inputs, ...more) {
    const row = document.createElement("div");
    row.className = "controls";
    row.append(...inputs.map((input) => input.parentElement), ...more);
    figure.prepend(row);
  },
};
