// Step through a computation: figure.stepping holds a drawn graph and its steps as JSON.
//
// The picture is complete before this script runs, and stays so until a step is chosen. Then the
// lines of the boxes are shown up to that step: by buttons, by the arrow keys, Home and End. A
// step names the edges that it uses, and may follow them backwards with a number, its share.

class Stepping {
  constructor(figure) {
    this.figure = figure;
    this.graph = Controls.data(figure);
    this.inputs = new Map(this.graph.nodes.map((node) => [node.id, node.inputs]));
    this.boxes = new Map([...figure.querySelectorAll("[data-node]")].map((g) => [g.dataset.node, g]));
    this.addControls();
    figure.querySelector("details").open = false;
    this.show(0, this.graph.steps);
  }

  // A row of buttons, and below it the line that says what happened.
  addControls() {
    const last = () => this.graph.steps.length;
    this.walk = Controls.walk("Steps of the computation", last, (at) => this.show(at));
    this.status = Controls.status(this.figure);
    this.figure.querySelector("svg").before(this.walk, this.status);
  }

  // Show the state after `at` steps, or with the lines of other steps than these.
  show(at, known) {
    const steps = this.graph.steps;
    const current = steps[at - 1];
    known ??= steps.slice(0, at);
    this.walk.stand(at);
    const marks = Object.assign({}, ...known.map((step) => step.marks));
    for (const [id, box] of this.boxes) {
      box.classList.toggle("waiting", !(id in marks));
      box.classList.toggle("current", id === current?.node);
      write(box, marks[id] ?? []);
    }
    for (const edge of this.figure.querySelectorAll("[data-to]")) {
      const { from, to } = edge.dataset;
      const used = current?.edges?.some(([a, b]) => a === from && b === to) ?? false;
      edge.classList.toggle("current", used);
      edge.classList.toggle("backward", used && Boolean(current.backward));
      edge.querySelector(".share")?.remove();
      if (used && current.share) pass(edge, current.share);
    }
    this.status.textContent = current
      ? `Step ${at} of ${steps.length}: ${current.text}`
      : `${steps.length} steps. Press Next for the first one, or the arrow keys on a button.`;
  }
}

// Put a number beside the middle of an edge; it moves there from the end of the edge.
function pass(edge, share) {
  const path = edge.querySelector("path");
  const length = path.getTotalLength();
  const [end, middle] = [length, length / 2].map((at) => path.getPointAtLength(at));
  const label = document.createElementNS("http://www.w3.org/2000/svg", "text");
  label.setAttribute("class", "share");
  label.setAttribute("x", middle.x);
  label.setAttribute("y", middle.y);
  label.textContent = share;
  edge.append(label);
  if (!matchMedia("(prefers-reduced-motion: reduce)").matches) {
    const from = `translate(${end.x - middle.x}px, ${end.y - middle.y}px)`;
    const way = [{ transform: from }, { transform: "none" }];
    label.animate(way, { duration: 700, easing: "ease-out" });
  }
}

// Write lines into the texts of a box, below its label.
function write(box, lines) {
  const [, ...texts] = box.querySelectorAll("text");
  texts.forEach((text, i) => {
    text.textContent = lines[i] ?? "";
  });
}

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("figure.stepping").forEach((figure) => new Stepping(figure));
});
