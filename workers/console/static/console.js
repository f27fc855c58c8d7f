// What the pages do beyond plain HTML. All of it works without, less comfortably.
(function () {
  "use strict";

  // Live figures that stopped coming must not look live.
  var fresh = document.querySelector("[data-fresh]");
  if (fresh) {
    var last = Date.now();
    document.body.addEventListener("htmx:sseMessage", function () { last = Date.now(); });
    setInterval(function () {
      var silent = Math.round((Date.now() - last) / 1000);
      var stale = silent > 8;
      fresh.classList.toggle("stale", stale);
      fresh.textContent = stale ? "no news for " + silent + " s" : "live";
    }, 1000);
  }

  // On a phone the page that is open may be out of sight in the list of pages.
  var current = document.querySelector(".top nav [aria-current]");
  if (current) current.parentElement.scrollLeft = current.offsetLeft - current.parentElement.offsetLeft - 40;

  // A chat is read from its end.
  var end = document.querySelector("[data-end]");
  if (end && !location.search.includes("before=")) end.scrollIntoView({ block: "end" });

  // Ticking letters.
  var form = document.querySelector("form[data-choose]");
  if (form) {
    var all = form.querySelector("[data-all]");
    var told = form.querySelector("[data-chosen]");
    var boxes = Array.from(form.querySelectorAll('input[name="letter"]'));
    var count = function () {
      var chosen = boxes.filter(function (box) { return box.checked; }).length;
      told.textContent = " (" + chosen + ")";
      all.checked = chosen === boxes.length;
      all.indeterminate = chosen > 0 && chosen < boxes.length;
    };
    all.hidden = false;
    all.addEventListener("change", function () {
      boxes.forEach(function (box) { box.checked = all.checked; });
      count();
    });
    form.addEventListener("change", function (event) {
      if (event.target.name === "letter") {
        form.querySelector('input[name="scope"][value="chosen"]').checked = true;
        count();
      }
    });
    count();
  }
})();
