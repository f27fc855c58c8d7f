// Progressive enhancement: every page also works without this script.
(function () {
  "use strict";

  // Mark live figures as stale when updates stop.
  var fresh = document.querySelector("[data-fresh]");
  if (fresh) {
    var last = Date.now();
    document.body.addEventListener("htmx:sseMessage", function () { last = Date.now(); });
    setInterval(function () {
      var silent = Math.round((Date.now() - last) / 1000);
      var stale = silent > 8;
      fresh.classList.toggle("stale", stale);
      fresh.textContent = stale ? "no update for " + silent + " s" : "live";
    }, 1000);
  }

  // On a phone, scroll the navigation to the current page.
  var current = document.querySelector(".top nav [aria-current]");
  if (current) current.parentElement.scrollLeft = current.offsetLeft - current.parentElement.offsetLeft - 40;

  // Show the end of a chat first.
  var end = document.querySelector("[data-end]");
  if (end && !location.search.includes("before=")) end.scrollIntoView({ block: "end" });

  // Selecting dead letters.
  var form = document.querySelector("form[data-select]");
  if (form) {
    var all = form.querySelector("[data-all]");
    var counter = form.querySelector("[data-selected]");
    var boxes = Array.from(form.querySelectorAll('input[name="letter"]'));
    var update = function () {
      var selected = boxes.filter(function (box) { return box.checked; }).length;
      counter.textContent = " (" + selected + ")";
      all.checked = selected === boxes.length;
      all.indeterminate = selected > 0 && selected < boxes.length;
    };
    all.hidden = false;
    all.addEventListener("change", function () {
      boxes.forEach(function (box) { box.checked = all.checked; });
      update();
    });
    form.addEventListener("change", function (event) {
      if (event.target.name === "letter") {
        form.querySelector('input[name="scope"][value="chosen"]').checked = true;
        update();
      }
    });
    update();
  }
})();
