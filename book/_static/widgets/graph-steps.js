// Step through a computation: figure.stepping holds a drawn graph and its steps as JSON.
//
// The picture is complete before this script runs, and stays so until a step is chosen. Then the
// lines of the boxes are shown up to that step: by buttons, by the arrow keys, Home and End. A
// step names the edges that it uses, and may follow them backwards with a number, its share.

const KEYS = {
  ArrowRight: (at) => at + 1,
  ArrowDown: (at) => at + 1,
  ArrowLeft: (at) => at - 1,
  ArrowUp: (at) => at - 1,
  Home: () => 0,
  End: () => Infinity,
};
const BUTTONS = { First: "Home", Back: "ArrowLeft", Next: "ArrowRight", Last: "End" };

class Stepping {
  constructor(figure) {
    this.figure = figure;
    this.graph = JSON.parse(figure.querySelector("script[type='application/json']").textContent);
    this.inputs = new Map(this.graph.nodes.map((node) => [node.id, node.inputs]));
    this.boxes = new Map([...figure.querySelectorAll("[data-node]")].map((g) => [g.dataset.node, g]));
    this.addControls();
    figure.querySelector("details").open = false;
    this.show(0, this.graph.steps);
  }

  // A row of buttons, and below it the line that says what happened.
  addControls() {
    this.controls = element("div", { className: "controls", role: "group" });
    this.controls.setAttribute("aria-label", "Steps of the computation");
    this.buttons = Object.entries(BUTTONS).map(([name, key]) => {
      const button = element("button", { type: "button", textContent: name });
      button.addEventListener("click", () => this.show(KEYS[key](this.at)));
      return button;
    });
    this.controls.append(...this.buttons);
    this.controls.addEventListener("keydown", (event) => this.press(event));
    this.status = element("p", { role: "status" });
    this.figure.querySelector("svg").before(this.controls, this.status);
  }

  press(event) {
    const plain = !(event.ctrlKey || event.metaKey || event.altKey);
    if (plain && event.key in KEYS) {
      event.preventDefault();
      this.show(KEYS[event.key](this.at));
    }
  }

  // Show the state after `at` steps, or with the lines of other steps than these.
  show(at, known) {
    const steps = this.graph.steps;
    this.at = Math.min(Math.max(at, 0), steps.length);
    const current = steps[this.at - 1];
    known ??= steps.slice(0, this.at);
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
    this.buttons.forEach((button, i) => {
      const end = i < 2 ? 0 : steps.length;
      button.setAttribute("aria-disabled", this.at === end);
    });
    this.status.textContent = current
      ? `Step ${this.at} of ${steps.length}: ${current.text}`
      : `${steps.length} steps. Press Next for the first one, or the arrow keys on a button.`;
  }
}

// Make an element with properties; a role is an attribute.
function element(name, { role, ...properties }) {
  const made = Object.assign(document.createElement(name), properties);
  if (role) made.setAttribute("role", role);
  return made;
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
