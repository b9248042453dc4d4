"use strict";
const field = (id) => document.getElementById(id);
const table = field("students");
const rows = [...table.tBodies[0].rows];
const heads = [...table.tHead.rows[1].cells].map((cell) => cell.title);
const first = rows.length ? rows[0].cells.length - heads.length : 2;
const isLate = (row) => first > 2 && row.cells[2].textContent !== "";

function matches(row) {
  const status = field("status").value;
  const column = heads.indexOf(field("exercise").value);
  if (!row.cells[0].textContent.toLowerCase().includes(field("name").value.toLowerCase())) return false;
  if (status === "late") return isLate(row);
  const cells = column < 0 ? [...row.cells].slice(first) : [row.cells[first + column]];
  return !status || cells.some((cell) => cell.dataset.s === status);
}

function choose() {
  rows.forEach((row) => { row.hidden = !matches(row); });
  field("shown").textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length}`;
}

function sort(column) {
  const points = (row) => Number.parseFloat(row.cells[1].textContent) || 0;
  const names = (one, other) => one.cells[0].textContent.localeCompare(other.cells[0].textContent);
  rows.sort(column ? (one, other) => points(one) - points(other) || names(one, other) : names);
  table.tBodies[0].append(...rows);
}

for (const id of ["name", "exercise", "status"]) field(id).addEventListener("input", choose);
table.tHead.querySelectorAll("button").forEach((button, column) => {
  button.addEventListener("click", () => sort(column));
});
table.addEventListener("mouseover", ({ target }) => {
  if (target.dataset.s) target.title = `${heads[target.cellIndex - first]}: ${target.dataset.s}`;
});
document.forms[0].addEventListener("submit", (event) => event.preventDefault());
choose();
