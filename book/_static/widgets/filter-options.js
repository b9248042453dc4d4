// The options of a convolution: figure.filter-options holds a picture and a sentence.
//
// Both are complete before this script runs. The script adds a list for each option, and draws the
// outputs, the pixels that they depend on, and the channels that a filter reads.

class FilterOptions {
  constructor(figure) {
    Object.assign(this, Controls.data(figure));
    this.row = figure.querySelector("g.one-row");
    this.groups = figure.querySelector("g.channels");
    this.status = Controls.status(figure);
    this.lists = Object.entries(this.choices).map(([name, choices]) => {
      const list = Controls.list(name, choices, () => this.show());
      list.selectedIndex = choices.indexOf(this.first[name]);
      return list;
    });
    Controls.place(figure, this.lists);
  }

  show() {
    const [taps, stride, padding, dilation, groups] = this.lists.map((list) => Number(list.value));
    const starts = [];
    const last = this.size + padding - dilation * (taps - 1) - 1;
    for (let start = -padding; start <= last; start += stride) starts.push(start);
    this.row.innerHTML = this.drawRow(starts, taps, padding, dilation);
    this.groups.innerHTML = this.drawChannels(groups);
    this.status.textContent = this.sentence(starts.length, taps, dilation, groups);
  }

  line(upper, lower, left = this.left) {
    const [x, end] = [upper, lower].map((at) => left + this.step * at + this.cell / 2);
    return `M${x} ${20 + this.cell}L${end} ${this.low}`;
  }

  square(kind, at, top, left = this.left) {
    const size = `width="${this.cell}" height="${this.cell}"`;
    return `<rect class="${kind}" x="${left + this.step * at}" y="${top}" ${size}/>`;
  }

  drawRow(starts, taps, padding, dilation) {
    const middle = Math.floor(starts.length / 2);
    const half = (dilation * (taps - 1)) / 2;
    const lines = ["", ""];
    starts.forEach((start, at) => {
      for (let u = 0; u < taps; u += 1) {
        lines[Number(at === middle)] += this.line(start + half, start + u * dilation);
      }
    });
    let drawn = `<path class="tap" d="${lines[0]}"/><path class="tap chosen" d="${lines[1]}"/>`;
    for (let pixel = -padding; pixel < this.size + padding; pixel += 1) {
      drawn += this.square(pixel >= 0 && pixel < this.size ? "pixel" : "zero", pixel, this.low);
    }
    starts.forEach((start, at) => {
      drawn += this.square(at === middle ? "output chosen" : "output", start + half, 20);
    });
    return drawn;
  }

  drawChannels(groups) {
    const left = this.left + (this.size + 5) * this.step;
    const share = this.channels / groups;
    let lines = "";
    let squares = "";
    for (let f = 0; f < this.channels; f += 1) {
      const first = Math.floor(f / share) * share;
      for (let c = first; c < first + share; c += 1) lines += this.line(f, c, left);
      squares += this.square("pixel", f, this.low, left) + this.square("output", f, 20, left);
    }
    return `<path class="tap" d="${lines}"/>${squares}`;
  }

  sentence(found, taps, dilation, groups) {
    const reads = `A filter reads ${this.channels / groups} of ${this.channels} channels.`;
    if (found === 0) return `The filter does not fit into the row. ${reads}`;
    const outputs = `${found} output${found > 1 ? "s" : ""}`;
    const pixels = `${taps} pixel${taps > 1 ? "s, which span" : ", which spans"}`;
    return `${outputs}; each depends on ${pixels} ${dilation * (taps - 1) + 1}. ${reads}`;
  }
}

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("figure.filter-options").forEach((each) => new FilterOptions(each));
});
