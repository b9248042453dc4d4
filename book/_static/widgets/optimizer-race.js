// A race of optimizers: figure.optimizer-race holds a map with five paths, and a table of their ends.
//
// Both are complete before this script runs. The script adds a list of functions and sliders for the
// learning rate, the steps and the start, which a click or a mouse moves, too; and takes the steps.
// A box in each row of the table hides a path.

// Functions of two variables and their gradients, in the order of the figure's data.
const FUNCTIONS = [
  {
    height: ([x, y]) => (x * x + 20 * y * y) / 2,
    slope: ([x, y]) => [x, 20 * y],
  },
  {
    height: ([x, y]) => x ** 2 / 2 - y ** 2 / 2 + y ** 4 / 4,
    slope: ([x, y]) => [x, y * y * y - y],
  },
  {
    height: ([x, y]) => (1 - x) ** 2 + 10 * (y - x * x) ** 2,
    slope: ([x, y]) => [-2 * (1 - x) - 40 * x * (y - x * x), 20 * (y - x * x)],
  },
];

// One weight, its gradient g, what the optimizer remembers of it, the learning rate, the constants,
// and how many steps there are with this one; returns the weight after the step.
const UPDATES = {
  SGD: (w, g, memory, rate) => w - rate * g,
  momentum(w, g, memory, rate, { momentum }) {
    memory.v = momentum * (memory.v ?? 0) - rate * g;
    return w + memory.v;
  },
  Nesterov(w, g, memory, rate, { momentum }) {
    memory.v = momentum * (memory.v ?? 0) - rate * g;
    return w + momentum * memory.v - rate * g;
  },
  RMSProp(w, g, memory, rate, { rho, eps }) {
    memory.s = rho * (memory.s ?? 0) + (1 - rho) * g * g;
    return w - (rate * g) / Math.sqrt(memory.s + eps);
  },
  Adam(w, g, memory, rate, { beta1, beta2, eps }, steps) {
    memory.m = beta1 * (memory.m ?? 0) + (1 - beta1) * g;
    memory.s = beta2 * (memory.s ?? 0) + (1 - beta2) * g * g;
    const mean = memory.m / (1 - beta1 ** steps);
    const size = memory.s / (1 - beta2 ** steps);
    return w - (rate * mean) / (Math.sqrt(size) + eps);
  },
};

class OptimizerRace {
  constructor(figure) {
    Object.assign(this, Controls.data(figure));
    this.figure = figure;
    this.status = Controls.status(figure);
    this.addControls();
    this.addChoices();
    this.addPointer(figure.querySelector("svg"));
    this.begin();
  }

  addControls() {
    const show = () => this.show();
    const [left, right, bottom, top] = this.window;
    const place = (value) => Controls.number(value);
    const names = this.functions.map(({ name }) => name);
    this.list = Controls.list("function", names, () => {
      this.begin();
      this.show();
    });
    const rates = { min: 0, max: this.rates.length - 1, step: 1, value: 0 };
    this.rate = Controls.slider("learning rate", rates, show, (at) => `${this.rates[at]}`);
    const steps = { min: 0, max: this.most, step: 1, value: this.steps };
    this.count = Controls.slider("steps", steps, show, String);
    const ends = [[left, right], [bottom, top]];
    this.start = ends.map(([min, max], i) =>
      Controls.slider(`start, ${"xy"[i]}`, { min, max, step: 0.05, value: 0 }, show, place),
    );
    Controls.place(this.figure, [this.list, this.rate, this.count, ...this.start]);
  }

  // A box in each row of the table, which hides a path that covers the others.
  addChoices() {
    [...this.figure.querySelector("tbody").rows].forEach(({ cells: [head] }, i) => {
      const box = Object.assign(document.createElement("input"), { type: "checkbox", checked: true });
      box.setAttribute("aria-label", `show ${Object.keys(this.optimizers)[i]} on the map`);
      box.addEventListener("change", () => {
        this.figure.querySelectorAll(`svg .c${i}`).forEach((part) => {
          part.setAttribute("display", box.checked ? "inline" : "none");
        });
      });
      const label = document.createElement("label");
      label.append(box, ...head.childNodes);
      head.append(label);
    });
  }

  // A click puts the start there; a mouse may draw it along.
  addPointer(svg) {
    const move = ({ clientX, clientY }) => {
      const matrix = svg.getScreenCTM().inverse();
      const { x, y } = new DOMPoint(clientX, clientY).matrixTransform(matrix);
      const [left, , , top] = this.window;
      this.place([left + x / this.scale, top - y / this.scale]);
      this.show();
    };
    svg.addEventListener("click", move);
    svg.addEventListener("pointermove", (event) => {
      if (event.pointerType === "mouse" && event.buttons === 1) move(event);
    });
  }

  place(start) {
    this.start.forEach((slider, i) => {
      slider.value = start[i];
      slider.say();
    });
  }

  // Take the start and the learning rate that suit the chosen function.
  begin() {
    const { start, rate } = this.functions[this.list.selectedIndex];
    this.place(start);
    this.rate.value = this.rates.indexOf(rate);
    this.rate.say();
  }

  // Follow one optimizer: its positions from the start on, until it is lost.
  follow(name, slope, start, rate, steps) {
    const path = [start];
    const memory = start.map(() => ({}));
    for (let step = 1; step <= steps; step += 1) {
      const g = slope(path.at(-1));
      const next = path.at(-1).map((w, i) =>
        UPDATES[name](w, g[i], memory[i], rate, this.optimizers[name], step),
      );
      path.push(next);
      if (!next.every((w) => Math.abs(w) <= this.lost)) break;
    }
    return path;
  }

  compute() {
    const { height, slope } = FUNCTIONS[this.list.selectedIndex];
    const start = this.start.map((slider) => Number(slider.value));
    const rate = this.rates[this.rate.value];
    return Object.keys(this.optimizers).map((name) => {
      const path = this.follow(name, slope, start, rate, Number(this.count.value));
      const diverged = !path.at(-1).every((w) => Math.abs(w) <= this.lost);
      return { name, path, diverged, end: path.at(-1), height: height(path.at(-1)) };
    });
  }

  show() {
    const runs = this.compute();
    this.figure.querySelectorAll("g.map").forEach((map, i) => {
      map.setAttribute("display", i === this.list.selectedIndex ? "inline" : "none");
    });
    runs.forEach(({ path, diverged, end, height }, i) => {
      const places = path.filter((_, n) => !diverged || n < path.length - 1);
      this.draw(i, places.map((w) => this.onMap(w)));
      const cells = this.figure.querySelector("tbody").rows[i].cells;
      const texts = diverged
        ? ["–", "–", "diverged"]
        : [...end.map((w) => Controls.number(w, 3)), OptimizerRace.value(height)];
      texts.forEach((text, column) => {
        cells[column + 1].textContent = text;
      });
    });
    this.status.textContent = this.sentence(runs);
  }

  draw(i, places) {
    const part = (kind) => this.figure.querySelector(`.${kind}.c${i}`);
    part("line").setAttribute("d", `M${places.join("L")}`);
    part("dots").setAttribute("d", places.map((place) => `M${place}h0`).join(""));
    part("end").setAttribute("transform", `translate(${places.at(-1)})`);
    this.figure.querySelector(".start").setAttribute("transform", `translate(${places[0]})`);
  }

  onMap([x, y]) {
    const [left, , , top] = this.window;
    return [x - left, top - y].map((length) => (this.scale * length).toFixed(1)).join(" ");
  }

  sentence(runs) {
    const steps = Number(this.count.value);
    if (steps === 0) return `At the start f is ${OptimizerRace.value(runs[0].height)}.`;
    const known = runs.filter(({ diverged }) => !diverged);
    const lost = runs.filter(({ diverged }) => diverged).map(({ name }) => name);
    const [best] = known.sort((a, b) => a.height - b.height);
    const lowest = best ? `${best.name} is lowest, with f = ${OptimizerRace.value(best.height)}.` : "";
    const after = `After ${steps} ${steps === 1 ? "step" : "steps"}: ${lowest}`;
    return lost.length ? `${after} Diverged: ${lost.join(", ")}.` : after;
  }

  // A value of f: three decimals, or a power of ten where these say too little.
  static value(height) {
    const size = Math.abs(height);
    if (size === 0 || (size >= 0.01 && size < 1000)) return Controls.number(height, 3);
    const [digits, power] = height.toExponential(1).split("e");
    const raised = [...String(Number(power))].map((each) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(each)]);
    return `${digits.replace("-", "−")}·10${raised.join("")}`;
  }
}

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("figure.optimizer-race").forEach((figure) => {
    figure.race = new OptimizerRace(figure);
  });
});
