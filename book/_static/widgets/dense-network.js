// A network of linear layers with ReLUs between them: scores, gradients, and steps of optimizers.
//
// A weight matrix has the axes (D, M), as in dlcore: a list of D rows, each with M numbers.

class DenseNetwork {
  constructor(layers) {
    this.layers = layers;
  }

  // Weights drawn from N(0, 2/D), biases zero; sizes are those of features, hidden layers, scores.
  static drawn(sizes, random) {
    const layers = sizes.slice(1).map((M, l) => {
      const D = sizes[l];
      const row = () => Array.from({ length: M }, () => Math.sqrt(2 / D) * random.normal());
      return { w: Array.from({ length: D }, row), b: Array(M).fill(0) };
    });
    return new DenseNetwork(layers);
  }

  // The parameters as a list of rows of numbers, which an optimizer changes in place.
  static rows(layers) {
    return layers.flatMap(({ w, b }) => [...w, b]);
  }

  // The features of a batch, every hidden layer, and the scores.
  forward(x) {
    const values = [x];
    this.layers.forEach(({ w, b }, l) => {
      const last = l === this.layers.length - 1;
      const mix = (row) =>
        b.map((bias, m) => {
          const sum = row.reduce((total, value, d) => total + value * w[d][m], bias);
          return last || sum > 0 ? sum : 0;
        });
      values.push(values[l].map(mix));
    });
    return values;
  }

  scores(x) {
    return this.forward(x).at(-1);
  }

  // Probabilities and cross-entropy of each example, with the largest score subtracted first.
  static softmax(y, t) {
    const most = Math.max(...y);
    const powers = y.map((score) => Math.exp(score - most));
    const sum = powers.reduce((total, power) => total + power);
    return { p: powers.map((power) => power / sum), loss: Math.log(sum) + most - y[t] };
  }

  lossAndGrads(x, t) {
    const values = this.forward(x);
    const N = x.length;
    const each = values.at(-1).map((y, n) => DenseNetwork.softmax(y, t[n]));
    const loss = each.reduce((total, one) => total + one.loss, 0) / N;
    let bar = each.map(({ p }, n) => p.map((value, k) => (value - (k === t[n] ? 1 : 0)) / N));
    const grads = [];
    for (let l = this.layers.length - 1; l >= 0; l -= 1) {
      const { w, b } = this.layers[l];
      const input = values[l];
      const sum = (m, factor) => bar.reduce((total, row, n) => total + factor(n) * row[m], 0);
      grads.unshift({
        w: w.map((_, d) => b.map((_, m) => sum(m, (n) => input[n][d]))),
        b: b.map((_, m) => sum(m, () => 1)),
      });
      const through = (row) => (value, d) =>
        value > 0 ? row.reduce((total, each, m) => total + each * w[d][m], 0) : 0;
      if (l > 0) bar = bar.map((row, n) => input[n].map(through(row)));
    }
    return { loss, grads };
  }
}

// One number of each row at a time; what is remembered of it lies in rows of the same lengths.
class PlaygroundOptimizer {
  constructor(kind, rate) {
    Object.assign(this, { kind, rate, steps: 0, memory: null });
  }

  step(layers, grads) {
    const rows = DenseNetwork.rows(layers);
    this.memory ??= rows.map((row) => ({ first: row.map(() => 0), second: row.map(() => 0) }));
    this.steps += 1;
    DenseNetwork.rows(grads).forEach((gradient, r) => {
      gradient.forEach((g, i) => {
        rows[r][i] += this.change(g, this.memory[r], i);
      });
    });
  }

  change(g, { first, second }, i) {
    if (this.kind === "momentum") {
      first[i] = 0.9 * first[i] - this.rate * g;
      return first[i];
    }
    first[i] = 0.9 * first[i] + 0.1 * g;
    second[i] = 0.999 * second[i] + 0.001 * g * g;
    const mean = first[i] / (1 - 0.9 ** this.steps);
    const square = second[i] / (1 - 0.999 ** this.steps);
    return (-this.rate * mean) / (Math.sqrt(square) + 1e-8);
  }
}

// Numbers that depend on a seed only: a linear congruence modulo 2³², and normal numbers from it.
class SeededRandom {
  constructor(seed) {
    this.state = seed >>> 0;
    for (let i = 0; i < 8; i += 1) this.uniform();
  }

  uniform() {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return (this.state + 0.5) / 2 ** 32;
  }

  normal() {
    const radius = Math.sqrt(-2 * Math.log(this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  permutation(N) {
    const order = Array.from({ length: N }, (_, n) => n);
    for (let n = N - 1; n > 0; n -= 1) {
      const other = Math.floor(this.uniform() * (n + 1));
      [order[n], order[other]] = [order[other], order[n]];
    }
    return order;
  }
}
