"use strict";
// Without this script all is shown, and a picture's link opens its file.
(() => {
  const filter = document.getElementById("filter");
  const main = document.querySelector("main");
  const viewer = document.getElementById("viewer");
  const stage = document.getElementById("stage");
  const shown = document.getElementById("shown");
  const nothing = document.getElementById("nothing");
  const months = [...document.querySelectorAll(".month")].map((whole) => ({ whole, cards: [...whole.querySelectorAll(".card")] }));
  const cards = months.flatMap((one) => one.cards);
  const texts = new Map();
  let seen = cards;
  let at = null;
  let scrolled = 0;

  const words = (card) => card.querySelector(".words").textContent;
  const opener = (card) => card.querySelector(".open");

  function text(card) {
    if (!texts.has(card)) {
      const parts = [words(card), card.dataset.model, card.dataset.user, card.dataset.job];
      texts.set(card, parts.join(" ").toLowerCase());
    }
    return texts.get(card);
  }

  function apply() {
    const wanted = Object.fromEntries(new FormData(filter));
    const parts = wanted.words.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (card) =>
      (!wanted.kind || card.dataset.kind === wanted.kind) &&
      (!wanted.model || card.dataset.model === wanted.model) &&
      (!wanted.from || card.dataset.day >= wanted.from) &&
      (!wanted.until || card.dataset.day <= wanted.until) &&
      parts.every((part) => text(card).includes(part));
    seen = [];
    for (const one of months) {
      let some = false;
      for (const card of one.cards) {
        const fit = fits(card);
        if (card.hidden === fit) card.hidden = !fit;
        if (fit) seen.push(card);
        some ||= fit;
      }
      one.whole.hidden = !some;
    }
    shown.textContent = shown.dataset.text.replace("{shown}", seen.length).replace("{all}", cards.length);
    document.getElementById("reset").hidden = seen.length === cards.length;
    nothing.hidden = seen.length > 0 || !cards.length;
  }

  function film(card) {
    const made = document.createElement("video");
    made.controls = true;
    made.playsInline = true;
    made.preload = "metadata";
    made.setAttribute("aria-label", words(card));
    return made;
  }

  function picture(card) {
    const made = document.createElement("img");
    made.alt = words(card);
    return made;
  }

  function show(card) {
    at = card;
    const link = opener(card);
    const made = card.dataset.kind === "video" ? film(card) : picture(card);
    for (const name of ["width", "height"]) {
      const side = card.querySelector("img, video").getAttribute(name);
      if (side) made.setAttribute(name, side);
    }
    made.src = link.href;
    stage.replaceChildren(made);
    document.getElementById("viewer-words").textContent = words(card);
    document.getElementById("file").href = link.href;
    for (const row of document.querySelectorAll("[data-of]")) {
      const inside = card.querySelector(`[data-fact="${row.dataset.of}"]`);
      row.textContent = inside ? inside.textContent : card.dataset[row.dataset.of] || "";
      row.parentElement.hidden = !row.textContent;
    }
    const others = seen.filter(opener);
    const n = others.indexOf(card);
    document.getElementById("place").textContent = `${n + 1} / ${others.length}`;
    document.getElementById("before").disabled = n < 1;
    document.getElementById("after").disabled = n + 1 >= others.length;
  }

  function step(by) {
    const others = seen.filter(opener);
    const next = others[others.indexOf(at) + by];
    if (next) show(next);
  }

  function open(card) {
    for (const playing of document.querySelectorAll(".card video")) playing.pause();
    show(card);
    scrolled = window.scrollY;
    main.hidden = true; // to make ten thousand cards inert takes a browser seconds, to hide them none
    viewer.showModal();
    document.getElementById("close").focus();
  }

  filter.addEventListener("input", apply);
  filter.addEventListener("submit", (event) => event.preventDefault());
  filter.addEventListener("reset", () =>
    setTimeout(() => {
      apply();
      filter.elements.words.focus();
    }),
  );

  for (const link of document.querySelectorAll(".open")) {
    link.setAttribute("role", "button");
    link.setAttribute("aria-haspopup", "dialog");
  }
  document.getElementById("made").addEventListener("click", (event) => {
    const link = event.target.closest(".open");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open(link.closest(".card"));
  });
  document.getElementById("made").addEventListener("keydown", (event) => {
    if (event.key === " " && event.target.matches(".open")) {
      event.preventDefault();
      open(event.target.closest(".card"));
    }
  });

  document.getElementById("before").addEventListener("click", () => step(-1));
  document.getElementById("after").addEventListener("click", () => step(1));
  document.getElementById("close").addEventListener("click", () => viewer.close());
  viewer.addEventListener("click", (event) => event.target === viewer && viewer.close());
  viewer.addEventListener("close", () => {
    stage.replaceChildren();
    main.hidden = false;
    window.scrollTo(0, scrolled);
    opener(at).focus();
  });
  viewer.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by && !event.target.matches("video")) {
      event.preventDefault();
      step(by);
    }
  });
  document.addEventListener("keydown", (event) => {
    const writing = event.target.closest("input, select, textarea, dialog");
    if (event.key === "/" && !writing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      filter.elements.words.focus();
    }
  });

  const more = document.getElementById("more");
  const wide = matchMedia("(min-width: 44.001rem)"); // there is room for all of the filter
  wide.addEventListener("change", () => (more.open = wide.matches));
  more.open = wide.matches;
  filter.hidden = !cards.length;
  apply(); // a browser that comes back to the page may have kept what was asked for
})();
