// Answers the challenge in a form (idp-core, authentication/proof_of_work.rs): for each of sixteen
// puzzles a number whose SHA-256, with the nonce before it, begins with so many zero bits. It works
// in slices of a few milliseconds, so that the page stays usable, and a form that is sent before it
// is done waits for it. Without scripts the person waits instead.
"use strict";
(() => {
  const PUZZLES = 16;
  const SLICE = 12;
  const box = document.getElementById("challenge");
  const form = box && box.closest("form");
  if (!form) return;
  const status = document.getElementById("challenge-status");
  const [nonce, , bits] = form.elements.challenge.value.split(".");

  const K = new Uint32Array([
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
  ]);
  const w = new Uint32Array(64);

  // The first 32 bits of the SHA-256 of a text of at most 55 ASCII characters: one block.
  const hash = (text) => {
    w.fill(0, 0, 16);
    for (let i = 0; i < text.length; i++) w[i >> 2] |= text.charCodeAt(i) << (24 - 8 * (i & 3));
    w[text.length >> 2] |= 0x80 << (24 - 8 * (text.length & 3));
    w[15] = text.length * 8;
    for (let i = 16; i < 64; i++) {
      const x = w[i - 15], y = w[i - 2];
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    let a = 0x6a09e667, b = 0xbb67ae85, c = 0x3c6ef372, d = 0xa54ff53a;
    let e = 0x510e527f, f = 0x9b05688c, g = 0x1f83d9ab, h = 0x5be0cd19;
    for (let i = 0; i < 64; i++) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g; g = f; f = e; e = (d + t1) | 0;
      d = c; c = b; b = a; a = (t1 + t2) | 0;
    }
    return (0x6a09e667 + a) >>> 0;
  };

  const found = [];
  let number = 0;
  let waiting = null;
  const done = () => {
    form.elements.solution.value = found.join(".");
    status.textContent = status.dataset.done;
    if (waiting) form.requestSubmit(waiting);
  };
  const work = () => {
    const end = performance.now() + SLICE;
    while (performance.now() < end) {
      for (let i = 0; i < 64; i++, number++) {
        if (Math.clz32(hash(nonce + "." + found.length + "." + number)) < bits) continue;
        found.push(number);
        number = -1;
        if (found.length === PUZZLES) return done();
      }
    }
    setTimeout(work);
  };
  form.addEventListener("submit", (event) => {
    const asksForAnother = event.submitter && event.submitter.name === "new_challenge";
    if (found.length === PUZZLES || asksForAnother) return;
    event.preventDefault();
    waiting = event.submitter;
    status.textContent = status.dataset.wait;
  });
  status.textContent = status.dataset.working;
  setTimeout(work);
})();
