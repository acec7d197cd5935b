/* Ranks search results by the words of the query that a page or a heading contains.

   Sphinx's own search shows only pages that contain all words, in alphabetical order. Here a page
   scores for each word that it contains, and more for rare words and for words in headings.
   Pages for contributors, and names of the code, come after pages that explain. */
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  if (typeof Search === "undefined") return; // this is not the search page

  const pagesWith = Search.performTermsSearch;
  const objectsNamed = Search.performObjectSearch;
  const stemmer = new Stemmer();

  const stems = (text) =>
    new Set(
      splitQuery(text.toLowerCase())
        .filter((word) => !stopwords.has(word))
        .map((word) => stemmer.stemWord(word)),
    );

  /* Words of readers, and ours for the same thing; a search for one also finds the other. */
  const synonyms = new Map(
    Object.entries({ experiment: "test", remove: "delete", toggle: "flag", variation: "variant" })
      .map((pair) => pair.map((word) => stemmer.stemWord(word))),
  );

  /* These pages contain most words, but rarely answer a question. */
  const weightOf = (page) => (["changelog", "contributing"].includes(page) ? 0.5 : 1);

  /* A rare word says more about what the reader wants than a word that every page contains. */
  const rarity = (count) => Math.log(1 + Search._index.docnames.length / (1 + count));

  Search.performTermsSearch = (typed, excluded) => {
    const words = new Set([...typed, ...[...typed].map((word) => synonyms.get(word) ?? word)]);
    const pages = new Map();
    const weights = new Map();
    for (const word of words) {
      const found = pagesWith(new Set([word]), excluded);
      weights.set(word, rarity(found.length));
      for (const page of found) {
        const known = pages.get(page[0]) ?? [...page.slice(0, 4), 0, ...page.slice(5)];
        known[4] += weights.get(word) * (page[4] >= Scorer.title ? 2 : 1);
        pages.set(page[0], known);
      }
    }
    Search._index.titles.forEach((title, file) => {
      const page = pages.get(Search._index.docnames[file]);
      if (!page) return;
      // Sphinx counts all headings of a page as its title; the title itself counts more.
      const own = stems(title);
      for (const word of words) if (own.has(word)) page[4] += weights.get(word);
      page[4] *= weightOf(page[0]);
    });
    const results = [];
    for (const [heading, places] of Object.entries(Search._index.alltitles)) {
      const own = stems(heading);
      let score = 0;
      for (const word of words) if (own.has(word)) score += 2 * weights.get(word);
      if (!score) continue;
      // If two headings contain the same words, the shorter one is more likely to be about them.
      score *= 1 - Math.min(0.3, 0.03 * own.size);
      for (const [file, anchor] of places) {
        const page = pages.get(Search._index.docnames[file]);
        if (anchor === null || !page) continue;
        const title = `${Search._index.titles[file]} > ${heading}`;
        const total = score * weightOf(page[0]) + page[4] / 4;
        results.push([page[0], title, `#${anchor}`, null, total, page[5], page[6]]);
      }
    }
    const best = [...pages.values(), ...results].sort((a, b) => b[4] - a[4]);
    return best.slice(0, 30);
  };

  Search.performObjectSearch = (word, words) => {
    const names = new Set([...words].filter((each) => !stopwords.has(each)));
    if (stopwords.has(word) || word.length < 3) return [];
    const found = objectsNamed(word, names);
    // "matrix" is more likely to be a question than a name; "override_proctor" is a name.
    if (!/[_.]/.test(word)) for (const each of found) each[4] *= 0.05;
    return found;
  };
});
