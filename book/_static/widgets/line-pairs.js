// Walk through two programs line by line: figure.pairing holds all lines and their notes.
//
// The lists are complete before this script runs. The script shows one pair of programs at a
// time, and the note of one line: by buttons, by the arrow keys, Home and End, or by a click.
{
  const MOVES = {
    ArrowRight: (at) => at + 1,
    ArrowDown: (at) => at + 1,
    ArrowLeft: (at) => at - 1,
    ArrowUp: (at) => at - 1,
    Home: () => 0,
    End: () => Infinity,
  };
  const BUTTONS = { First: "Home", Back: "ArrowLeft", Next: "ArrowRight", Last: "End" };

  class Pairing {
    constructor(figure) {
      this.figure = figure;
      this.programs = [...figure.querySelectorAll("section")];
      figure.classList.add("walked");
      this.addControls();
      this.choose(0);
    }

    // A row of buttons that choose a program, one that walks, and the line that tells.
    addControls() {
      const choices = group("Programs");
      this.choices = this.programs.map((program, number) =>
        button(choices, program.dataset.program, () => this.choose(number)),
      );
      const walk = group("Lines of the programs");
      this.moves = Object.entries(BUTTONS).map(([name, key]) =>
        button(walk, name, () => this.show(MOVES[key](this.at))),
      );
      walk.addEventListener("keydown", (event) => this.press(event));
      this.status = document.createElement("p");
      this.status.setAttribute("role", "status");
      this.figure.prepend(choices, walk, this.status);
      this.programs.forEach((program) => {
        [...program.querySelectorAll("li")].forEach((line, number) => {
          line.addEventListener("click", () => this.show(number));
        });
      });
    }

    press(event) {
      const plain = !(event.ctrlKey || event.metaKey || event.altKey);
      if (plain && event.key in MOVES) {
        event.preventDefault();
        this.show(MOVES[event.key](this.at));
      }
    }

    // Show one pair of programs, from its first line.
    choose(number) {
      this.programs.forEach((program, i) => {
        program.hidden = i !== number;
        this.choices[i].setAttribute("aria-pressed", i === number);
      });
      this.lines = [...this.programs[number].querySelectorAll("li")];
      this.show(0);
    }

    // Mark a line, and tell its note.
    show(at) {
      this.at = Math.min(Math.max(at, 0), this.lines.length - 1);
      this.lines.forEach((line, i) => line.classList.toggle("current", i === this.at));
      this.moves.forEach((each, i) => {
        const end = i < 2 ? 0 : this.lines.length - 1;
        each.setAttribute("aria-disabled", this.at === end);
      });
      const note = this.lines[this.at].querySelector(".note").textContent;
      this.status.textContent = `Line ${this.at + 1} of ${this.lines.length}: ${note}`;
    }
  }

  function group(label) {
    const made = document.createElement("div");
    made.className = "controls";
    made.setAttribute("role", "group");
    made.setAttribute("aria-label", label);
    return made;
  }

  function button(parent, name, act) {
    const made = Object.assign(document.createElement("button"), { type: "button" });
    made.textContent = name;
    made.addEventListener("click", act);
    parent.append(made);
    return made;
  }

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("figure.pairing").forEach((figure) => new Pairing(figure));
  });
}
