// The pages' only style. Readable on a phone, in the dark, and without the script.

export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #f6f7f9; --sheet: #ffffff; --edge: #d9dde3; --text: #1b1f24; --soft: #59636e;
  --accent: #0b5cad; --accent-text: #ffffff; --go: #1a7f4b; --stop: #b3261e; --wait: #8a5a00;
  --go-ground: #e3f4ea; --stop-ground: #fbe9e7; --wait-ground: #fdf1da; --code: #f1f3f6;
  --keyword: #7a2ea0; --string: #0a6b3d; --number: #0b5cad; --comment: #59636e; --hidden: #b3261e;
  --mono: ui-monospace, SFMono-Regular, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14171b; --sheet: #1c2026; --edge: #343b44; --text: #e7eaee; --soft: #a2acb8;
    --accent: #7ab8f5; --accent-text: #0d1117; --go: #6fd39b; --stop: #ff9a90; --wait: #f0c067;
    --go-ground: #16301f; --stop-ground: #3a1c1a; --wait-ground: #34280f; --code: #14181d;
    --keyword: #d2a6ff; --string: #8ddba4; --number: #7ab8f5; --comment: #a2acb8; --hidden: #ff9a90;
  }
}
*, ::before, ::after { box-sizing: border-box; }
[hidden] { display: none !important; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--ground); color: var(--text); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; overflow-wrap: break-word; }
h1 .tag, h2 .tag { vertical-align: .1em; letter-spacing: normal; }
h1 .tag { vertical-align: .2em; font-size: .8125rem; }
h1 { font-size: 1.45rem; line-height: 1.25; margin: 0 0 .35rem; letter-spacing: -.01em; overflow-wrap: anywhere; }
h2 { font-size: 1rem; margin: 0 0 .75rem; }
.line > h2 { margin: 0; }
h1 + .list, h1 + .card, h1 + .filters { margin-top: 1rem; }
h3 { font-size: .9rem; margin: 1.1rem 0 .4rem; color: var(--soft); font-weight: 600; }
p { margin: 0 0 .75rem; }
a { color: var(--accent); text-underline-offset: .15em; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
main:focus { outline: none; }
.skip { position: absolute; left: -999px; }
.skip:focus { left: 1rem; top: .5rem; background: var(--sheet); padding: .5rem 1rem; z-index: 2; }
.soft, .meta { color: var(--soft); }
.small { font-size: .875rem; }

.top { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem 1.5rem; padding: .5rem max(1rem, calc((100vw - 72rem) / 2 + 1rem)); background: var(--sheet); border-bottom: 1px solid var(--edge); }
.brand { font-weight: 700; letter-spacing: -.01em; color: var(--text); text-decoration: none; padding: .35rem 0; }
.top nav { order: 3; flex: 1 1 100%; }
.top ul { display: flex; flex-wrap: wrap; gap: .25rem; list-style: none; margin: 0; padding: 0; }
.top nav a { display: block; padding: .5rem .7rem; border-radius: 6px; color: var(--soft); text-decoration: none; white-space: nowrap; }
.top nav a:hover { color: var(--text); }
.top nav a[aria-current] { color: var(--text); background: var(--code); font-weight: 600; }
.whoami { margin-left: auto; display: flex; align-items: center; gap: .6rem; min-width: 0; }
.whoami span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; max-width: 11rem; color: var(--soft); font-size: .875rem; }
main { max-width: 72rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
@media (min-width: 52rem) {
  .top nav { order: 0; flex: 0 1 auto; }
  .whoami span { max-width: 18rem; }
  main { padding-top: 2rem; }
}

.card { background: var(--sheet); border: 1px solid var(--edge); border-radius: 10px; padding: 1rem; margin: 0 0 1rem; }
.card > :last-child { margin-bottom: 0; }
.list { list-style: none; margin: 0; padding: 0; }
.item { position: relative; }
.item h2 a { color: inherit; text-decoration: none; }
.item h2 a::after { content: ""; position: absolute; inset: 0; border-radius: 10px; }
.item:hover { border-color: var(--accent); }
.line { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem .6rem; }
.line > .end { margin-left: auto; }
.meta { font-size: .875rem; display: flex; flex-wrap: wrap; gap: .15rem 1rem; margin: .5rem 0 0; }
.empty { text-align: center; padding: 3rem 1rem; color: var(--soft); }
.empty strong { display: block; color: var(--text); font-size: 1.1rem; margin-bottom: .25rem; }

.tag { display: inline-block; font-size: .8125rem; font-weight: 600; line-height: 1.4; padding: .05rem .55rem; border-radius: 99px; background: var(--code); color: var(--soft); white-space: nowrap; }
.tag.pending, .tag.hold { background: var(--wait-ground); color: var(--wait); }
.tag.approved, .tag.consumed, .tag.allow { background: var(--go-ground); color: var(--go); }
.tag.denied, .tag.deny, .tag.failed { background: var(--stop-ground); color: var(--stop); }

pre, code, .mono { font-family: var(--mono); font-size: .875rem; }
code { background: var(--code); border-radius: 4px; padding: .05rem .3rem; overflow-wrap: anywhere; }
/* Letters that are written from right to left stay in the order in which the server reads them. */
pre, code, .mono, td { direction: ltr; unicode-bidi: bidi-override; }
pre { background: var(--code); border-radius: 8px; padding: .75rem .9rem; margin: 0 0 .75rem; white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.55; tab-size: 4; }
.card > .line + pre, .card > .line + dl, .card > .line + p:not(.meta) { margin-top: .6rem; }
.item pre { margin: .6rem 0 0; padding-bottom: 0; border-bottom: .75rem solid transparent; display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 3; overflow: hidden; }
.keyword { color: var(--keyword); font-weight: 600; }
.string { color: var(--string); }
.number, .parameter { color: var(--number); }
.comment { color: var(--comment); font-style: italic; }
.hidden-character { color: var(--hidden); border: 1px solid currentColor; border-radius: 3px; padding: 0 .15rem; font-size: .75em; }
.note { border-left: 4px solid var(--wait); background: var(--wait-ground); padding: .6rem .9rem; border-radius: 0 8px 8px 0; margin: 0 0 1rem; }
.note.bad { border-color: var(--stop); background: var(--stop-ground); }
.note > :last-child { margin-bottom: 0; }

.columns { display: grid; gap: 0 1.25rem; align-items: start; }
.columns > * { min-width: 0; }
@media (min-width: 60rem) { .columns { grid-template-columns: minmax(0, 1fr) 22rem; } .beside { position: sticky; top: 1rem; grid-row: 1 / span 2; grid-column: 2; display: flex; flex-direction: column; } .decide { order: -1; } }
.beside dl { grid-template-columns: minmax(4.2rem, max-content) 1fr; }
dl { display: grid; grid-template-columns: minmax(6.5rem, max-content) 1fr; gap: .35rem 1rem; margin: 0; }
dt { color: var(--soft); font-size: .875rem; padding-top: .08rem; }
dd { margin: 0; overflow-wrap: anywhere; min-width: 0; }
.scroll { overflow-x: auto; margin: 0 0 .75rem; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--edge); }
th { color: var(--soft); font-weight: 600; white-space: nowrap; }
tr:last-child > * { border-bottom: 0; }
tbody th, tr > th[scope=row] { width: 1%; padding-right: 1.25rem; }
/* A value is whole: nothing of it is beyond an edge, and no blank is left out. */
.values td { white-space: pre-wrap; overflow-wrap: anywhere; }
.results { width: max-content; min-width: 100%; }
.results td { font-family: var(--mono); font-size: .8125rem; white-space: pre-wrap; overflow-wrap: anywhere; min-width: 4rem; max-width: 28rem; }

label { display: block; font-size: .875rem; font-weight: 600; margin: 0 0 .25rem; }
.hint { font-size: .8125rem; color: var(--soft); margin: .25rem 0 .75rem; }
input[type=text], input[type=number], input[type=date], select, textarea { width: 100%; font: inherit; color: inherit; background: var(--ground); border: 1px solid var(--edge); border-radius: 8px; padding: .5rem .65rem; min-height: 2.75rem; }
textarea { min-height: 5rem; resize: vertical; }
fieldset { border: 1px solid var(--edge); border-radius: 8px; margin: 0 0 1rem; padding: .5rem .9rem .75rem; }
legend { font-size: .875rem; font-weight: 600; padding: 0 .3rem; }
.choice { display: flex; gap: .6rem; align-items: baseline; font-weight: 400; font-size: 1rem; margin: .35rem 0; }
/* What is not chosen is not in sight; where :has is not known, all of it is. */
fieldset:has([value=once]:checked) .window { display: none; }
.window { margin-top: .6rem; }
.window .note { font-size: .875rem; margin-bottom: .75rem; }
.unit { display: flex; gap: .5rem; align-items: center; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: .75rem; }
.buttons { display: grid; grid-template-columns: 1fr 1fr; gap: .75rem; }
.filters { display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); gap: .75rem; align-items: end; margin-bottom: 1.25rem; }
button, .button { font: inherit; font-weight: 600; min-height: 2.75rem; padding: .5rem 1.1rem; border-radius: 8px; border: 1px solid var(--edge); background: var(--sheet); color: var(--text); cursor: pointer; text-decoration: none; display: inline-block; text-align: center; }
button:hover, .button:hover { border-color: currentColor; }
button.go { background: var(--go); border-color: var(--go); color: var(--sheet); }
button.stop { border-color: var(--stop); color: var(--stop); }
.button.main { background: var(--accent); border-color: var(--accent); color: var(--accent-text); }
button.quiet { min-height: 2.25rem; padding: .25rem .7rem; font-weight: 400; font-size: .875rem; white-space: nowrap; }
details > summary { cursor: pointer; color: var(--accent); padding: .3rem 0; width: fit-content; }
details[open] > summary { margin-bottom: .5rem; }

.timeline { list-style: none; margin: 0; padding: 0; }
.timeline > li { display: grid; grid-template-columns: 6.2rem minmax(0, 1fr); gap: 0 .75rem; padding: .6rem 0; border-top: 1px solid var(--edge); }
.timeline > li:first-child { border-top: 0; }
.timeline .at { font-family: var(--mono); font-size: .75rem; color: var(--soft); padding-top: .25rem; }
.timeline pre { margin-bottom: .4rem; }
.player { position: sticky; top: 0; z-index: 1; display: grid; grid-template-columns: auto 1fr auto; gap: .75rem; align-items: center; }
.player label { margin: 0; position: absolute; left: -999px; }
.player input { width: 100%; accent-color: var(--accent); }
.player select { width: auto; }
[data-part=state] { margin-bottom: .35rem; }
@media (max-width: 40rem) { .timeline > li { grid-template-columns: minmax(0, 1fr); } dl, .beside dl { grid-template-columns: minmax(4.2rem, max-content) 1fr; column-gap: .75rem; } }
.stale { position: fixed; left: 1rem; right: 1rem; bottom: 1rem; max-width: 34rem; margin: 0 auto; background: var(--wait-ground); color: var(--text); border: 1px solid var(--wait); border-radius: 8px; padding: .7rem 1rem; }
.alone { max-width: 32rem; margin: 12vh auto 0; }
`
