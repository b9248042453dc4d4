// Scores, probabilities, loss and gradient: figure.softmax-sliders holds a picture and a table.
//
// Both are complete before this script runs. The script adds a slider for each score and lists for
// the right class and the label smoothing, and computes what the moved scores become.

class SoftmaxSliders {
  constructor(figure) {
    Object.assign(this, Controls.data(figure));
    this.figure = figure;
    this.rows = Controls.rows(figure);
    this.status = Controls.status(figure);
    const show = () => this.show();
    const ends = { min: -this.range, max: this.range, step: this.step };
    this.scores = this.rows.map((row, k) => {
      const range = { ...ends, value: Controls.read(row.cells[1]) };
      return Controls.slider(`score of ${this.names[k]}`, range, show);
    });
    this.label = Controls.list("right class", this.names, show);
    this.label.selectedIndex = this.right;
    this.softening = Controls.list("label smoothing", this.smoothing, show);
    const step = Controls.button("Gradient step", () => this.descend());
    Controls.place(figure, [...this.scores, this.label, this.softening, step]);
  }

  compute() {
    const x = this.scores.map((slider) => Number(slider.value));
    const most = Math.max(...x);
    const powers = x.map((score) => Math.exp(score - most));
    const sum = powers.reduce((total, power) => total + power);
    const p = powers.map((power) => power / sum);
    const s = Number(this.softening.value);
    const q = x.map((_, k) => s / x.length + (k === this.label.selectedIndex ? 1 - s : 0));
    const losses = x.map((score, k) => q[k] * (Math.log(sum) + most - score));
    const loss = losses.reduce((total, each) => total + each);
    return { x, p, q, loss, gradient: p.map((each, k) => each - q[k]) };
  }

  show() {
    const { number } = Controls;
    const { x, p, q, loss, gradient } = this.compute();
    this.rows.forEach((row, k) => {
      Controls.fill(row, 1, [x, p, q, gradient].map((values) => number(values[k])));
    });
    this.stretch("probability", this.left, this.width, p);
    this.stretch("gradient", this.middle, this.width / 2, gradient);
    const right = this.label.selectedIndex;
    this.status.textContent =
      `The loss is ${number(loss)}. The probability of ${this.names[right]} is ${number(p[right])}.`;
  }

  stretch(kind, zero, unit, values) {
    this.figure.querySelectorAll(`rect.${kind}`).forEach((bar, k) => {
      bar.setAttribute("x", zero + Math.min(values[k], 0) * unit);
      bar.setAttribute("width", Math.abs(values[k]) * unit);
    });
  }

  // A step of size one against the gradient; sliders keep scores within their range.
  descend() {
    const { x, gradient } = this.compute();
    this.scores.forEach((slider, k) => {
      slider.value = x[k] - gradient[k];
    });
    this.show();
  }
}

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("figure.softmax-sliders").forEach((each) => new SoftmaxSliders(each));
});
