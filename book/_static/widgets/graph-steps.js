// Step through a computation: figure.stepping holds a drawn graph and its steps as JSON.
//
// The picture is complete before this script runs. The script takes the lines out of the
// boxes and puts them back, step by step: by buttons, by the arrow keys, Home and End.

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
    this.show(0);
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

  // Show the state after `at` steps.
  show(at) {
    const steps = this.graph.steps;
    this.at = Math.min(Math.max(at, 0), steps.length);
    const current = steps[this.at - 1];
    const marks = Object.assign({}, ...steps.slice(0, this.at).map((step) => step.marks));
    for (const [id, box] of this.boxes) {
      box.classList.toggle("waiting", !(id in marks));
      box.classList.toggle("current", id === current?.node);
      write(box, marks[id] ?? []);
    }
    for (const edge of this.figure.querySelectorAll("[data-to]")) {
      edge.classList.toggle("current", edge.dataset.to === current?.node);
    }
    this.buttons.forEach((button, i) => {
      const end = i < 2 ? 0 : steps.length;
      button.setAttribute("aria-disabled", this.at === end);
    });
    this.status.textContent = current
      ? `Step ${this.at} of ${steps.length}: ${current.text}`
      : `${steps.length} steps. Press Next, or the arrow keys when a button has the focus.`;
  }
}

// Make an element with properties; a role is an attribute.
function element(name, { role, ...properties }) {
  const made = Object.assign(document.createElement(name), properties);
  if (role) made.setAttribute("role", role);
  return made;
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
