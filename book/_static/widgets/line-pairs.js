// Walk through two programs line by line: figure.pairing holds all lines and their notes.
//
// The lists are complete before this script runs. The script shows one pair of programs at a
// time, and the note of one line: by buttons, by the arrow keys, Home and End, or by a click.

class Pairing {
  constructor(figure) {
    this.programs = [...figure.querySelectorAll("section")];
    figure.classList.add("walked");
    this.addControls(figure);
    this.choose(0);
  }

  // A row of buttons that choose a program, one that walks, and the line that tells.
  addControls(figure) {
    this.choices = this.programs.map((program, number) =>
      Controls.button(program.dataset.program, () => this.choose(number)),
    );
    const choices = Controls.group("Programs", this.choices);
    const last = () => this.lines.length - 1;
    this.walk = Controls.walk("Lines of the programs", last, (at) => this.show(at));
    this.status = Controls.status(figure);
    figure.prepend(choices, this.walk, this.status);
    this.programs.forEach((program) => {
      [...program.querySelectorAll("li")].forEach((line, number) => {
        line.addEventListener("click", () => this.show(number));
      });
    });
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
    this.walk.stand(at);
    this.lines.forEach((line, i) => line.classList.toggle("current", i === at));
    const note = this.lines[at].querySelector(".note").textContent;
    this.status.textContent = `Line ${at + 1} of ${this.lines.length}: ${note}`;
  }
}

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("figure.pairing").forEach((figure) => new Pairing(figure));
});
