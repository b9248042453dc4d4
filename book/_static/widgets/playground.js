// A playground: figure.playground holds the picture of a trained network, its loss, and a table.
//
// All are complete before this script runs. The script adds the controls, and trains the chosen
// network in the page; the network itself is in dense-network.js.

class Playground {
  constructor(figure) {
    Object.assign(this, Controls.data(figure));
    this.figure = figure;
    this.status = Controls.status(figure);
    const again = () => this.restart();
    this.lists = Object.fromEntries(
      Object.entries(this.choices).map(([name, choices]) => [
        name,
        Controls.list(name, choices, again),
      ]),
    );
    Object.entries(this.first).forEach(([name, value]) => {
      this.lists[name].value = value;
    });
    this.seed = 1;
    this.train = Controls.button("Train", () => this.toggle());
    Controls.place(figure, [
      ...Object.values(this.lists),
      this.train,
      Controls.button("One step", () => this.advance(1)),
      Controls.button("New weights", () => {
        this.seed += 1;
        this.restart();
      }),
    ]);
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.pace = calm ? 100 : 5; // steps between two pictures
  }

  chosen(name) {
    return this.lists[name].value;
  }

  // Fresh weights for what is chosen; the generator starts from the seed again.
  begin() {
    const { x, t } = this.data[this.chosen("data set")];
    const layers = Number(this.chosen("hidden layers"));
    const hidden = Array(layers).fill(Number(this.chosen("units in each")));
    this.random = new SeededRandom(this.seed);
    this.network = DenseNetwork.drawn([2, ...hidden, 2], this.random);
    const rate = Number(this.chosen("learning rate"));
    this.optimizer = new PlaygroundOptimizer(this.chosen("optimizer"), rate);
    Object.assign(this, { x, t, losses: [], order: [] });
  }

  restart() {
    this.pause();
    this.begin();
    this.show();
  }

  pause() {
    cancelAnimationFrame(this.frame);
    this.frame = null;
    this.train.textContent = "Train";
  }

  toggle() {
    if (this.frame) {
      this.pause();
      this.show();
      return;
    }
    this.advance(0);
    this.train.textContent = "Pause";
    const more = () => {
      this.frame = requestAnimationFrame(more);
      this.advance(this.pace);
      if (this.losses.length % this.limit === 0) this.pause();
    };
    this.frame = requestAnimationFrame(more);
  }

  // The examples of the next step: all, or the next of a shuffled list.
  batch() {
    if (this.chosen("batch") === "all") return { x: this.x, t: this.t };
    if (!this.order.length) this.order = this.random.permutation(this.x.length);
    const drawn = this.order.splice(0, Number(this.chosen("batch")));
    return { x: drawn.map((n) => this.x[n]), t: drawn.map((n) => this.t[n]) };
  }

  advance(steps) {
    if (!this.network) this.begin();
    for (let step = 0; step < steps; step += 1) {
      const { x, t } = this.batch();
      const { loss, grads } = this.network.lossAndGrads(x, t);
      this.losses.push(loss);
      this.optimizer.step(this.network.layers, grads);
    }
    this.show();
  }

  static winner(y) {
    return y[1] > y[0] ? 1 : 0;
  }

  show() {
    const write = (name, d) => this.figure.querySelector(`path.${name}`).setAttribute("d", d);
    const { size, cell, half } = this.map;
    const middle = (i) => ((i + 0.5) / size) * 2 * half - half;
    const drawn = ["", ""];
    for (let i = 0; i < size; i += 1) {
      const line = Array.from({ length: size }, (_, j) => [middle(j), -middle(i)]);
      const won = this.network.scores(line).map(Playground.winner);
      for (let j = 0, from = 0; j < size; j += 1) {
        if (won[j] !== won[j + 1]) {
          const length = cell * (j + 1 - from);
          drawn[won[j]] += `M${cell * from} ${cell * i}h${length}v${cell}h${-length}z`;
          from = j + 1;
        }
      }
    }
    const scale = (size * cell) / (2 * half);
    [0, 1].forEach((k) => {
      write(`region.k${k}`, drawn[k]);
      const own = this.x.filter((_, n) => this.t[n] === k);
      const places = own.map(([x, y]) => [scale * (half + x), scale * (half - y)]);
      write(`points.k${k}`, places.map((place) => Playground.mark(place, k)).join(""));
    });
    this.plot(write);
    this.tell();
  }

  static mark([x, y], k) {
    const start = `M${(x - 4).toFixed(1)} `;
    return k
      ? `${start}${(y - 4).toFixed(1)}h8v8h-8z`
      : `${start}${y.toFixed(1)}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0`;
  }

  plot(write) {
    const { width, height } = this.panel;
    const shown = this.limit * Math.ceil(Math.max(this.losses.length, 1) / this.limit);
    const down = (loss) => height * (loss < 1 ? 1 - loss : 0); // also where it is no number
    const place = (loss, step) =>
      `${((width * step) / shown).toFixed(1)} ${down(loss).toFixed(1)}`;
    const curve = this.losses.map(place).join("L");
    write("curve", curve && `M${curve}`);
    this.figure.querySelector("text.last").textContent = shown;
  }

  // While the network is trained, the sentence changes only every hundred steps.
  tell() {
    const steps = this.losses.length;
    if (this.frame && steps % 100) return;
    const right = this.network.scores(this.x).filter((y, n) => Playground.winner(y) === this.t[n]);
    const loss = steps ? ` the loss was ${Controls.number(this.losses.at(-1))},` : "";
    const done = steps === 1 ? "1 step" : `${steps} steps`;
    this.status.textContent =
      `After ${done}:${loss} ${right.length} of ${this.t.length} points are classified rightly.`;
  }
}

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("figure.playground").forEach((figure) => new Playground(figure));
});
