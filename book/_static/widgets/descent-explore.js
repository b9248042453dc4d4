// Explore a figure: figure.exploring holds drawn curves, and those of every setting as JSON.
//
// The picture is complete before this script runs. The script adds a slider for each quantity
// and puts the curves of the chosen setting in the place of the others. A slider is the
// browser's own: arrow keys, Page Up and Down, Home and End move it.

class Exploring {
  constructor(figure) {
    Object.assign(this, Controls.data(figure));
    this.curves = [...figure.querySelectorAll("[data-curve]")];
    this.status = Controls.status(figure);
    this.inputs = this.sliders.map(({ label, shown, at }) => {
      const range = { min: 0, max: shown.length - 1, step: 1, value: at };
      return Controls.slider(label, range, () => this.show(), (place) => shown[place]);
    });
    Controls.place(figure, this.inputs);
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
