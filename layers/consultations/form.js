/* The consultation form. On a page of the API it enhances the form that is there; on a clinic's own
   site it fetches the same page and puts the form into <div data-consultation-form>, inside a shadow
   root, so that neither site's style can break the other. Without this file the form works too. */
(() => {
  "use strict";

  const api = new URL("./", document.currentScript.src);
  const TRIES = 5;
  const FIRST_DELAY_MS = 1000;
  const TIMEOUT_MS = 30000; // longer than the API's own limit of 29 s
  const UNLOADED = {
    en: ["The form could not be loaded.", "Open the form on its own page", "In an emergency, call 911. To talk to someone now, call or text 988."],
    es: ["No se pudo cargar el formulario.", "Abrir el formulario en su propia página", "En una emergencia, llame al 911. Para hablar con alguien ahora, llame al 988."],
  };

  /* The answer of the API. Tries again by itself when nobody answers, at 429 and at 5xx: later and
     later, at random within the delay so that many browsers don't come back at once, and not before
     a Retry-After. After the last try: the last answer, or nothing. */
  async function request(url, options, onRetry) {
    for (let tried = 1; ; tried += 1) {
      const answer = await once(url, options).catch(() => undefined);
      if (answer && answer.status !== 429 && answer.status < 500) return answer;
      if (tried === TRIES) return answer;
      onRetry();
      const asked = Number(answer?.headers.get("Retry-After")) * 1000 || 0;
      const backoff = Math.random() * FIRST_DELAY_MS * 2 ** tried;
      await new Promise((resolve) => { setTimeout(resolve, asked + backoff); });
    }
  }

  async function once(url, options) {
    const aborter = new AbortController();
    const timer = setTimeout(() => aborter.abort(), TIMEOUT_MS);
    try {
      const response = await fetch(url, { ...options, credentials: "omit", signal: aborter.signal });
      return { status: response.status, headers: response.headers, text: await response.text() };
    } finally {
      clearTimeout(timer);
    }
  }

  /* The page in an answer, with its style apart: a site's content security policy minds style
     elements even in a document that is only parsed. */
  function page({ text }) {
    const [element, style] = /<style>([^]*?)<\/style>/.exec(text);
    return { style, document: new DOMParser().parseFromString(text.replace(element, ""), "text/html") };
  }

  /* Sending the form in `root`, which is the document or a shadow root; `show` puts a page there. */
  function enhance(root, show) {
    const form = root.querySelector("form[data-consultation]");
    const button = form.querySelector("button");
    const status = form.querySelector("[role=status]");
    const title = document.title;
    let sending = false;

    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (sending) return;
      sending = true;
      button.setAttribute("aria-disabled", "true");
      status.textContent = form.dataset.sending;
      const answer = await request(
        form.action,
        { method: "POST", headers: { Accept: "application/json" }, body: new URLSearchParams(new FormData(form)) },
        () => { status.textContent = form.dataset.retrying; },
      );
      if (answer?.status === 201) await received(answer);
      else refused(answer);
      sending = false;
      button.removeAttribute("aria-disabled");
      status.textContent = "";
    });

    /* The confirmation: the API's page in place of the form, or the clinic's own page. */
    async function received(answer) {
      const url = new URL(answer.headers.get("Location"), form.action);
      if (url.origin !== api.origin) {
        window.location.assign(url);
        return;
      }
      const confirmation = await request(url, { headers: { Accept: "text/html" } }, () => {});
      if (confirmation?.status === 200) {
        show(page(confirmation));
      } else { // the request is stored all the same: say so with what its answer brought
        const { id, next_steps: nextSteps } = parsed(answer.text) ?? {};
        form.replaceChildren(...[id, nextSteps].filter(Boolean).map((text) => {
          const paragraph = document.createElement("p");
          paragraph.textContent = text;
          return paragraph;
        }));
        form.tabIndex = -1;
        form.focus();
      }
    }

    function refused(answer) {
      clear();
      const problem = answer?.status === 422 || answer?.status === 413 ? parsed(answer.text) : undefined;
      const summary = root.querySelector(`template[data-summary=${problem ? "invalid" : "unsent"}]`).content.cloneNode(true).firstElementChild;
      if (problem) {
        const errors = problem.errors ?? [{ pointer: "#", detail: problem.detail }];
        summary.querySelector("ul").append(...errors.map(({ pointer, detail }) => mistake(pointer.slice(2), detail)));
        if (root === document) document.title = `${form.dataset.errorPrefix} ${title}`;
      }
      root.querySelector("h1").before(summary);
      summary.focus();
    }

    /* One mistake: said beside its field, and as a link to it for the summary. */
    function mistake(name, sentence) {
      const item = document.createElement("li");
      const control = name && form.querySelector(`.field [name="${CSS.escape(name)}"]`);
      if (!control) {
        item.textContent = sentence;
        return item;
      }
      const error = document.createElement("p");
      error.className = "error";
      error.id = `${name}-error`;
      const prefix = document.createElement("span");
      prefix.className = "hidden";
      prefix.textContent = form.dataset.errorPrefix;
      error.append(prefix, ` ${sentence}`);
      const described = control.type === "radio" || control.closest("fieldset") ? control.closest("fieldset") : control;
      described.setAttribute("aria-invalid", "true");
      described.setAttribute("aria-describedby", [`${name}-hint`, error.id].filter((id) => id === error.id || root.getElementById(id)).join(" "));
      const first = control.closest(".field").querySelector(".options, .option, .box");
      first.before(error);
      const link = document.createElement("a");
      link.href = `#${control.id}`;
      link.textContent = sentence;
      item.append(link);
      return item;
    }

    function clear() {
      root.querySelectorAll(".summary, .error").forEach((element) => element.remove());
      form.querySelectorAll("[aria-invalid]").forEach((element) => {
        const kept = (element.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => root.getElementById(id));
        if (kept.length) element.setAttribute("aria-describedby", kept.join(" "));
        else element.removeAttribute("aria-describedby");
        element.removeAttribute("aria-invalid");
      });
      document.title = title;
    }

    /* Links to a field don't reach into a shadow root by themselves. */
    root.addEventListener("click", (event) => {
      const link = event.target.closest?.(".summary a[href^='#']");
      const control = link && root.getElementById(link.hash.slice(1));
      if (!control) return;
      event.preventDefault();
      control.closest(".field").scrollIntoView();
      control.focus({ preventScroll: true });
    });
  }

  function parsed(text) {
    try {
      return JSON.parse(text);
    } catch {
      return undefined;
    }
  }

  /* Moves the focus to what has changed, so that it is read out and in view. */
  function announce(heading) {
    heading.tabIndex = -1;
    heading.focus();
    heading.scrollIntoView({ block: "nearest" });
  }

  async function embed(host) {
    const language = host.lang || document.documentElement.lang || "en";
    const url = new URL(`?lang=${encodeURIComponent(language)}`, api);
    const answer = await request(url, { headers: { Accept: "text/html" } }, () => {});
    if (answer?.status !== 200) {
      unloaded(host, UNLOADED[language.slice(0, 2)] ?? UNLOADED.en, url);
      return;
    }
    const root = host.attachShadow({ mode: "open" });
    const show = (fetched) => {
      const sheet = new CSSStyleSheet(); // needs no word in the site's content security policy
      sheet.replaceSync(fetched.style);
      root.adoptedStyleSheets = [sheet];
      const place = document.createElement("div");
      place.className = "page embedded";
      place.lang = fetched.document.documentElement.lang;
      place.append(fetched.document.querySelector(".crisis"), ...fetched.document.querySelector("main").childNodes);
      place.querySelectorAll("h1, h2").forEach((heading) => { // below the page's own heading
        heading.setAttribute("aria-level", Number(heading.localName[1]) + 1);
      });
      const form = place.querySelector("form");
      if (form) form.action = new URL(form.getAttribute("action"), api);
      root.replaceChildren(place);
    };
    show(page(answer));
    enhance(root, (fetched) => { show(fetched); announce(root.querySelector("h1")); });
  }

  function unloaded(host, [sentence, invitation, help], url) {
    const link = document.createElement("a");
    link.href = url;
    link.textContent = invitation;
    const text = document.createElement("p");
    text.append(`${sentence} `, link, `. ${help}`);
    host.append(text);
  }

  document.querySelectorAll("[data-consultation-form]").forEach(embed);
  if (document.querySelector("form[data-consultation]")) {
    enhance(document, (fetched) => {
      document.querySelector("main").replaceChildren(...fetched.document.querySelector("main").childNodes);
      document.title = fetched.document.title;
      announce(document.querySelector("h1"));
    });
  }
})();
