// Normalise four numbers by hand: figure.normalizing holds a picture and a table of them.
//
// Both are complete before this script runs. The script adds a slider for each number and two
// lists, for the upstream gradient and for epsilon, and computes what the numbers become.

class Normalizing {
  constructor(figure) {
    Object.assign(this, Controls.data(figure));
    this.figure = figure;
    this.rows = Controls.rows(figure);
    this.status = Controls.status(figure);
    const show = () => this.show();
    const [min, max] = this.lines["x"];
    this.sliders = this.rows.map((row, n) => {
      const range = { min, max, step: 1, value: Controls.read(row.cells[1]) };
      return Controls.slider(`number ${n + 1}`, range, show);
    });
    this.chosen = Controls.list("upstream gradient", Object.keys(this.upstream), show);
    this.epsilon = Controls.list("ε", this.epsilons, show);
    Controls.place(figure, [...this.sliders, this.chosen, this.epsilon]);
  }

  // The mean of a product of two arrays; of one array, its mean.
  static mean(a, b = a.map(() => 1)) {
    return a.reduce((sum, value, n) => sum + value * b[n], 0) / a.length;
  }

  compute() {
    const { mean } = Normalizing;
    const x = this.sliders.map((slider) => Number(slider.value));
    const mu = mean(x);
    const d = x.map((value) => value - mu);
    const variance = mean(d, d);
    const sigma = Math.sqrt(variance + Number(this.epsilon.value));
    const xHat = d.map((value) => value / sigma);
    const yBar = this.upstream[this.chosen.value] ?? xHat.map((value) => 10 * value);
    const along = mean(yBar, xHat);
    const kept = yBar.map((value, n) => value - mean(yBar) - xHat[n] * along);
    const xBar = kept.map((value) => value / sigma);
    return { x, mu, variance, sigma, xHat, yBar, kept, xBar };
  }

  show() {
    const { mean } = Normalizing;
    const text = Controls.number;
    const { x, mu, variance, sigma, xHat, yBar, kept, xBar } = this.compute();
    const defined = sigma > 0;
    const shown = (value) => (Number.isFinite(value) ? text(value) : "–");
    this.rows.forEach((row, n) => {
      Controls.fill(row, 1, [x, xHat, yBar, xBar].map((values) => shown(values[n])));
    });
    this.move("x", 0, ".value", x);
    this.move("x̂", 1, ".value", xHat);
    this.move("σ x̄", 2, ".upstream", yBar);
    this.move("σ x̄", 2, ".value", kept);
    const spread = Math.sqrt(variance);
    const [low, high] = [mu - spread, mu + spread].map((value) => this.place("x", value));
    const band = this.figure.querySelector(".spread");
    band.setAttribute("x", low);
    band.setAttribute("width", high - low);
    this.figure.querySelector(".mean").setAttribute("d", `M${this.place("x", mu)} 12V44`);
    const start = `Mean ${text(mu)}, variance ${text(variance)}, σ ${text(sigma)}. `;
    this.status.textContent = defined
      ? `${start}The x̄ add up to ${text(4 * mean(xBar))}; x̂ · x̄ is ${text(4 * mean(xHat, xBar))}.`
      : `${start}All numbers are equal and ε is 0: there is no x̂.`;
  }

  place(name, value) {
    const [low, high] = this.lines[name];
    const held = Math.min(Math.max(value, low), high);
    return this.left + (this.width * (held - low)) / (high - low);
  }

  move(name, row, kind, values) {
    this.figure.querySelectorAll(`circle${kind}[data-row="${row}"]`).forEach((dot, n) => {
      const known = Number.isFinite(values[n]);
      dot.setAttribute("visibility", known ? "visible" : "hidden");
      if (known) dot.setAttribute("cx", this.place(name, values[n]));
    });
  }
}

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("figure.normalizing").forEach((figure) => new Normalizing(figure));
});
