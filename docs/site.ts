/** `npm run site`: the documentation as a site in .site, which any web server can show. A dead link is an error. */
import { existsSync, statSync } from "node:fs";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";

import GithubSlugger from "github-slugger";
import { Marked, type Tokens } from "marked";

import { isProgram } from "../components/cluster/programs.ts";

const root = path.resolve(import.meta.dirname, "..");

/** Every page, in the order in which one reads them; what isn't here isn't found. */
export const chapters: readonly (readonly [title: string, pages: readonly string[]])[] = [
  ["Start", ["README.md", "docs/chapter.md", "docs/simulated-clusters.md"]],
  [
    "Tasks",
    [
      "docs/tasks.md",
      "docs/traffic.md",
      "docs/trust.md",
      "docs/leaving.md",
      "docs/adopting.md",
      "docs/upgrading.md",
      "docs/environments.md",
      "docs/package.md",
      "docs/pull-requests.md",
      "docs/operator.md",
      "docs/fleet-size.md",
      "docs/manifests.md",
      "docs/policies.md",
      "docs/topology.md",
    ],
  ],
  ["Is it well?", ["docs/verify.md", "docs/troubleshooting.md", "docs/checks.md", "docs/faults.md"]],
  ["Reference", ["docs/settings.md", "docs/architecture.md", "docs/performance.md", "docs/comparison.md"]],
];

interface Page {
  /** Its file, from the project's folder. */
  readonly source: string;
  readonly title: string;
  readonly html: string;
  /** Anchors of its headings. */
  readonly anchors: ReadonlySet<string>;
  readonly links: readonly Link[];
}

interface Link {
  readonly href: string;
  /** From the project's folder; undefined for an address elsewhere. */
  readonly file: string | undefined;
  readonly anchor: string | undefined;
}

/** Where a page is on the site. */
function addressOf(source: string): string {
  return source === "README.md" ? "index.html" : `${path.basename(source, ".md")}.html`;
}

/** Where a file that isn't a page is on the site: as text, so that a browser shows it. */
function copyOf(file: string): string {
  return /\.(svg|png)$/.test(file) ? `files/${file}` : `files/${file}.txt`;
}

function toLink(href: string, source: string): Link {
  if (/^[a-z]+:|^\/\//.test(href)) return { href, file: undefined, anchor: undefined };
  const [target = "", anchor] = href.split("#");
  const file = target === "" ? source : path.join(path.dirname(source), target);
  return { href, file, anchor };
}

function isFolder(file: string): boolean {
  const whole = path.join(root, file);
  return existsSync(whole) && statSync(whole).isDirectory();
}

function render(source: string, text: string, sources: readonly string[]): Page {
  const slugger = new GithubSlugger();
  const anchors = new Set<string>();
  const links: Link[] = [];
  let title = path.basename(source, ".md");
  const address = (href: string): string | undefined => {
    const link = toLink(href, source);
    links.push(link);
    const { file, anchor } = link;
    if (file === undefined) return href;
    if (isFolder(file)) return undefined;
    const target = sources.includes(file) ? addressOf(file) : copyOf(file);
    return anchor === undefined ? target : `${file === source ? "" : target}#${anchor}`;
  };
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth }: Tokens.Heading): string {
        const plain = this.parser.parseInline(tokens, this.parser.textRenderer);
        const id = slugger.slug(plain);
        anchors.add(id);
        if (depth === 1) title = plain;
        return `<h${depth.toString()} id="${id}">${this.parser.parseInline(tokens)}</h${depth.toString()}>\n`;
      },
      link({ href, tokens }: Tokens.Link): string {
        const target = address(href);
        const inside = this.parser.parseInline(tokens);
        return target === undefined ? inside : `<a href="${target}">${inside}</a>`;
      },
      image({ href, text: alternative }: Tokens.Image): string {
        return `<img src="${address(href) ?? href}" alt="${alternative.replaceAll('"', "&quot;")}">`;
      },
    },
  });
  const html = marked.parse(text, { async: false });
  return { source, title, html, anchors, links };
}

function deadLinks(page: Page, pages: ReadonlyMap<string, Page>): string[] {
  return page.links.flatMap(({ href, file, anchor }) => {
    if (file === undefined) return [];
    if (!existsSync(path.join(root, file))) return [`${page.source}: ${href}: there is no ${file}`];
    const target = pages.get(file);
    if (target === undefined) {
      return file.endsWith(".md") ? [`${page.source}: ${href}: ${file} is no page of the site`] : [];
    }
    if (anchor === undefined || target.anchors.has(anchor)) return [];
    return [`${page.source}: ${href}: ${file} has no heading of that name`];
  });
}

const style = `
:root { color-scheme: light dark; --line: light-dark(#d8dbe0, #3a3f47); --quiet: light-dark(#586069, #9aa4b0);
  --code: light-dark(#f4f5f7, #22262c); --link: light-dark(#0b5cad, #6db3f2); }
* { box-sizing: border-box; }
body { margin: 0; font: 16px/1.55 system-ui, sans-serif; background: light-dark(#fff, #16191d);
  color: light-dark(#1c2127, #e3e6ea); display: grid; grid-template-columns: 15rem minmax(0, 1fr); }
nav { padding: 1.5rem; border-right: 1px solid var(--line); min-height: 100vh; }
nav h2 { font-size: .8rem; margin: 1.2rem 0 .3rem; color: var(--quiet); text-transform: uppercase; }
nav a { display: block; padding: .15rem 0; color: inherit; text-decoration: none; font-size: .92rem; }
nav a[aria-current], nav a:hover { color: var(--link); }
nav a[aria-current] { font-weight: 600; }
main { padding: 1.5rem 2.5rem 4rem; max-width: 70rem; }
a { color: var(--link); }
img { max-width: 100%; background: #fff; border-radius: 6px; }
pre, code { background: var(--code); border-radius: 4px; font: .86em/1.5 ui-monospace, monospace; }
code { padding: .1em .3em; } pre { padding: .8rem 1rem; overflow-x: auto; } pre code { padding: 0; font-size: 1em; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { border: 1px solid var(--line); padding: .35rem .6rem; text-align: left; vertical-align: top; }
h1, h2, h3 { line-height: 1.25; scroll-margin-top: 1rem; } h2 { margin-top: 2.2rem; }
@media (max-width: 50rem) { body { display: block; } nav { min-height: 0; border: 0; border-bottom: 1px solid var(--line); }
  main { padding: 1rem; } }
`;

function layout({ source, title, html }: Page, pages: ReadonlyMap<string, Page>): string {
  const menu = chapters.map(([name, sources]) => {
    const entries = sources.map((one) => {
      const current = one === source ? ' aria-current="page"' : "";
      return `<a href="${addressOf(one)}"${current}>${pages.get(one)?.title ?? one}</a>`;
    });
    return `<h2>${name}</h2>${entries.join("")}`;
  });
  return [
    "<!doctype html>",
    `<html lang="en-GB"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">`,
    `<title>${title}</title><style>${style}</style></head>`,
    `<body><nav>${menu.join("")}</nav><main>${html}</main></body></html>`,
    "",
  ].join("\n");
}

/** The site as files by their address, those of the project that it shows, and every link that leads nowhere. */
export interface Site {
  readonly pages: ReadonlyMap<string, string>;
  readonly copies: ReadonlyMap<string, string>;
  readonly dead: readonly string[];
}

/** `read` gives the text of a page. */
export async function makeSite(
  read = (source: string) => readFile(path.join(root, source), "utf8"),
): Promise<Site> {
  const sources = chapters.flatMap(([, pages]) => pages);
  const rendered = await Promise.all(
    sources.map(async (source): Promise<[string, Page]> => [
      source,
      render(source, await read(source), sources),
    ]),
  );
  const pages = new Map(rendered);
  const shown = [...pages.values()]
    .flatMap(({ links }) => links)
    .flatMap(({ file }) => (file === undefined || pages.has(file) || isFolder(file) ? [] : [file]));
  return {
    pages: new Map(rendered.map(([source, page]) => [addressOf(source), layout(page, pages)])),
    copies: new Map(shown.map((file) => [file, copyOf(file)])),
    dead: [...pages.values()].flatMap((page) => deadLinks(page, pages)),
  };
}

async function main(): Promise<void> {
  const { pages, copies, dead } = await makeSite();
  if (dead.length > 0) {
    process.stderr.write(`Links that lead nowhere:\n${dead.map((one) => `  ${one}\n`).join("")}`);
    process.exitCode = 1;
    return;
  }
  const folder = path.join(root, ".site");
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
  for (const [address, text] of pages) await writeFile(path.join(folder, address), text);
  for (const [file, address] of copies) {
    await mkdir(path.dirname(path.join(folder, address)), { recursive: true });
    await cp(path.join(root, file), path.join(folder, address));
  }
  process.stdout.write(`${pages.size.toString()} pages: open ${path.join(folder, "index.html")}\n`);
}

if (isProgram(import.meta.filename)) await main();
