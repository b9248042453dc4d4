// Explore a figure: figure.exploring holds drawn curves, and those of every setting as JSON.
//
// The picture is complete before this script runs. The script adds a slider for each quantity
// and puts the curves of the chosen setting in the place of the others. A slider is the
// browser's own: arrow keys, Page Up and Down, Home and End move it.

class Exploring {
  constructor(figure) {
    const data = figure.querySelector("script[type='application/json']").textContent;
    Object.assign(this, JSON.parse(data));
    this.curves = [...figure.querySelectorAll("[data-curve]")];
    this.status = figure.querySelector(".reading");
    this.status.setAttribute("role", "status");
    this.inputs = this.sliders.map((slider) => this.addSlider(slider));
    const controls = document.createElement("div");
    controls.className = "sliders";
    controls.append(...this.inputs.map((input) => input.parentElement));
    figure.prepend(controls);
    this.inputs.forEach((input) => this.read(input));
  }

  // A label with a slider in it, and beside the slider what it is set to.
  addSlider({ label, shown, at }) {
    const input = document.createElement("input");
    Object.assign(input, { type: "range", min: 0, max: shown.length - 1, step: 1 });
    input.value = at;
    input.shown = shown;
    input.addEventListener("input", () => {
      this.read(input);
      this.show();
    });
    const holder = document.createElement("label");
    const [name, setting] = [label, shown[at]].map((text) =>
      Object.assign(document.createElement("span"), { textContent: text }),
    );
    setting.setAttribute("aria-hidden", "true"); // the slider says it itself
    holder.append(name, input, setting);
    return input;
  }

  // Say what a slider is set to, for eyes and ears.
  read(input) {
    const text = input.shown[input.value];
    input.setAttribute("aria-valuetext", text);
    input.nextElementSibling.textContent = text;
  }

  // Show the frame of the setting; the last slider moves fastest through the list.
  show() {
    const place = this.inputs.reduce((sum, { value, max }) => sum * (+max + 1) + +value, 0);
    const frame = this.frames[place];
    for (const curve of this.curves) {
      if (curve.dataset.curve in frame) curve.setAttribute("d", frame[curve.dataset.curve]);
    }
    this.status.textContent = frame.text;
  }
}

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("figure.exploring").forEach((figure) => new Exploring(figure));
});
