// Sort a table by the column whose heading is pressed; empty cells always go last.
document.querySelectorAll("table.sortable").forEach(function (table) {
  var headings = table.querySelectorAll("thead th");
  headings.forEach(function (heading, column) {
    heading.addEventListener("keydown", function (event) {
      if (event.key === "Enter") { heading.click(); }
    });
    heading.addEventListener("click", function () {
      var sign = heading.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      headings.forEach(function (other) { other.removeAttribute("aria-sort"); });
      heading.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
      var numeric = heading.classList.contains("number");
      var body = table.tBodies[0];
      Array.from(body.rows).sort(function (a, b) {
        var x = a.cells[column].textContent.trim(), y = b.cells[column].textContent.trim();
        if (x === "" || y === "") { return (x === "") - (y === ""); }
        return sign * (numeric ? parseFloat(x) - parseFloat(y) : x.localeCompare(y));
      }).forEach(function (row) { body.appendChild(row); });
    });
  });
});
