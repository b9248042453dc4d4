// Grow a receptive field: figure.growing holds a picture of its levels and a table of its layers.
//
// Both are complete before this script runs. The script puts a list in the place of each window
// and each stride, and draws and counts what the chosen layers see.

class Growing {
  constructor(figure) {
    Object.assign(this, Controls.data(figure));
    this.status = Controls.status(figure);
    this.rows = Controls.rows(figure);
    this.paths = [...figure.querySelectorAll("path.seen")];
    this.lists = this.rows.map((row, n) => [
      this.addList(row.cells[1], this.windows, `window of layer ${n + 1}`),
      this.addList(row.cells[2], this.strides, `stride of layer ${n + 1}`),
    ]);
  }

  addList(cell, choices, name) {
    const list = Controls.select(choices, () => this.show());
    list.value = cell.textContent;
    list.setAttribute("aria-label", name);
    cell.replaceChildren(list);
    return list;
  }

  static fields(layers) {
    const found = [[1, 1]];
    layers.forEach(([window, stride]) => {
      const [size, jump] = found.at(-1);
      found.push([size + (window - 1) * jump, stride * jump]);
    });
    return found;
  }

  static seen(layers) {
    const levels = [[0]];
    [...layers].reverse().forEach(([window, stride]) => {
      const below = new Set();
      levels[0].forEach((unit) => {
        for (let u = 0; u < window; u += 1) below.add(unit * stride + u);
      });
      levels.unshift([...below].sort((a, b) => a - b));
    });
    return levels;
  }

  cells(units, [size, jump], whole, top) {
    const scale = this.width / whole;
    const side = Math.min(this.cell, 0.8 * scale * jump);
    const wide = side.toFixed(1);
    const outline = (unit) => {
      const x = this.left + scale * (unit * jump + size / 2) - side / 2;
      return `M${x.toFixed(1)} ${top}h${wide}v${this.cell}h-${wide}z`;
    };
    return units.map(outline).join("");
  }

  show() {
    const layers = this.lists.map((pair) => pair.map((list) => Number(list.value)));
    const fields = Growing.fields(layers);
    const [whole, jump] = fields.at(-1);
    Growing.seen(layers).forEach((units, level) => {
      const top = this.row * (layers.length - level) + 6;
      this.paths[level].setAttribute("d", this.cells(units, fields[level], whole, top));
    });
    this.rows.forEach((row, n) => Controls.fill(row, 3, fields[n + 1]));
    const pixels = whole === 1 ? "1 pixel" : `${whole} pixels`;
    this.status.textContent =
      `One number behind layer ${layers.length} depends on ${pixels} of the image, ` +
      `from the first to the last. Its neighbour depends on as many, ${jump} further.`;
  }
}

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("figure.growing").forEach((figure) => new Growing(figure));
});
