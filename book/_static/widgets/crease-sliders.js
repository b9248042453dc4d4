// Creases of a two-layer network on the plane: figure.creases holds a picture and a table.
//
// Both are complete before this script runs. The script puts a slider in the place of each number
// of the table, and computes what the moved creases divide. A polygon is a list of points.

class Creases {
  constructor(figure) {
    Object.assign(this, Controls.data(figure));
    this.figure = figure;
    this.status = Controls.status(figure);
    const rows = Controls.rows(figure);
    const last = rows.pop();
    const kinds = Object.keys(this.ranges);
    this.sliders = rows.map((row, m) =>
      kinds.map((kind, column) => {
        const name = `${kind === "weight" ? "output weight" : kind} of unit ${m + 1}`;
        return this.addSlider(row.cells[column + 1], kind, name, this.units[m][column]);
      }),
    );
    this.biasSlider = this.addSlider(last.cells[3], "weight", "output bias", this.bias);
    const first = { units: this.units, bias: this.bias };
    Controls.place(figure, [
      Controls.button("A solution", () => this.set(this.solution)),
      Controls.button("Start again", () => this.set(first)),
    ]);
  }

  addSlider(cell, kind, name, value) {
    const whole = (at) => `${Controls.number(at, 0)}°`;
    const text = kind === "angle" ? whole : (at) => Controls.number(at);
    const slider = Controls.range({ ...this.ranges[kind], value }, () => this.show(), text);
    slider.setAttribute("aria-label", name);
    cell.replaceChildren(slider, slider.said);
    return slider;
  }

  set({ units, bias }) {
    this.sliders.forEach((row, m) =>
      row.forEach((slider, column) => {
        slider.value = units[m][column];
      }),
    );
    this.biasSlider.value = bias;
    [...this.sliders.flat(), this.biasSlider].forEach((slider) => slider.say());
    this.show();
  }

  read() {
    this.bias = Number(this.biasSlider.value);
    this.units = this.sliders.map((row) => {
      const [angle, offset, weight] = row.map((slider) => Number(slider.value));
      const turned = (angle * Math.PI) / 180;
      return { ahead: [Math.cos(turned), Math.sin(turned)], offset, weight };
    });
  }

  // The pre-activation of a unit, and the difference of the scores.
  static activation({ ahead, offset }, [x, y]) {
    return x * ahead[0] + y * ahead[1] - offset;
  }

  difference(point) {
    return this.units.reduce(
      (sum, unit) => sum + unit.weight * Math.max(0, Creases.activation(unit, point)),
      this.bias,
    );
  }

  static sides(corners, values) {
    const a = values.map((value) => (Math.abs(value) < 1e-9 ? 0 : value));
    return corners.map((p, n) => {
      const next = (n + 1) % corners.length;
      const share = a[n] / (a[n] - a[next]);
      const between = p.map((each, axis) => each + share * (corners[next][axis] - each));
      return { p, u: a[n], crossing: a[n] * a[next] < 0 ? [between] : [] };
    });
  }

  // The part of a convex polygon where an affine function, known at its corners, is at least 0.
  static cut(corners, a) {
    return Creases.sides(corners, a).flatMap(({ p, u, crossing }) =>
      u >= 0 ? [p, ...crossing] : crossing,
    );
  }

  // The ends of the segment on which it is zero.
  static zeros(corners, a) {
    if (Math.min(...a) >= -1e-9 || Math.max(...a) <= 1e-9) return [];
    return Creases.sides(corners, a).flatMap(({ p, u, crossing }) =>
      u === 0 ? [p, ...crossing] : crossing,
    );
  }

  static area(corners) {
    const twice = corners.reduce((sum, [x, y], n) => {
      const [nextX, nextY] = corners[(n + 1) % corners.length];
      return sum + x * nextY - nextX * y;
    }, 0);
    return Math.abs(twice) / 2;
  }

  // The picture, divided by all creases.
  cells() {
    return this.units.reduce(
      (parts, unit) =>
        parts
          .flatMap((part) => {
            const a = part.map((corner) => Creases.activation(unit, corner));
            return [Creases.cut(part, a), Creases.cut(part, a.map((value) => -value))];
          })
          .filter((part) => Creases.area(part) > 1e-9),
      [Creases.square],
    );
  }

  static line(corners, end = "") {
    const places = corners.map(
      ([x, y]) => `${(200 + 100 * x).toFixed(1)} ${(200 - 100 * y).toFixed(1)}`,
    );
    return places.length ? `M${places.join("L")}${end}` : "";
  }

  show() {
    this.read();
    const cells = this.cells();
    const drawn = ["", ""];
    let border = "";
    cells.forEach((cell) => {
      const delta = cell.map((corner) => this.difference(corner));
      const flat = Math.max(...delta) <= 1e-9;
      drawn[0] += Creases.line(flat ? cell : Creases.cut(cell, delta.map((value) => -value)), "Z");
      drawn[1] += Creases.line(flat ? [] : Creases.cut(cell, delta), "Z");
      border += Creases.line(Creases.zeros(cell, delta));
    });
    const write = (name, d) => this.figure.querySelector(`path.${name}`).setAttribute("d", d);
    write("region.k0", drawn[0]);
    write("region.k1", drawn[1]);
    write("border", border);
    this.units.forEach((unit, m) => this.move(unit, m, write));
    const right = this.points.map(([x, y, t]) => (this.difference([x, y]) > 0) === (t === 1));
    this.figure.querySelectorAll("g.point").forEach((point, n) => {
      point.classList.toggle("wrong", !right[n]);
    });
    const regions = cells.length === 1 ? "1 region" : `${cells.length} regions`;
    this.status.textContent =
      `${right.filter(Boolean).length} of ${right.length} points are classified rightly. ` +
      `The creases divide the picture into ${regions}.`;
  }

  // The line of a unit, the arrow to where it is positive, and its number.
  move(unit, m, write) {
    const { ahead, offset } = unit;
    const { square } = Creases;
    const a = square.map((corner) => Creases.activation(unit, corner));
    write(`crease.u${m}`, Creases.line(Creases.zeros(square, a)));
    const at = (forward, aside) => [
      ahead[0] * (offset + forward) - ahead[1] * aside,
      ahead[1] * (offset + forward) + ahead[0] * aside,
    ];
    const head = [at(0.12, 0.07), at(0.22, 0), at(0.12, -0.07)];
    write(`arrow.u${m}`, Creases.line([at(0, 0), at(0.22, 0)]) + Creases.line(head));
    const label = this.figure.querySelector(`text.u${m}`);
    label.setAttribute("x", 200 + 100 * at(0.38, 0)[0]);
    label.setAttribute("y", 205 - 100 * at(0.38, 0)[1]);
  }
}

Creases.square = [
  [-2, -2],
  [2, -2],
  [2, 2],
  [-2, 2],
];

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("figure.creases").forEach((figure) => new Creases(figure));
});
