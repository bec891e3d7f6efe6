-- The style sheet of the report: one column that fits a phone, two where there is room; light and dark as the reader's
-- system has it; on paper without what only a screen needs.

return [[
:root { color-scheme: light dark; --text: #1d1d1f; --soft: #5c5c63; --line: #d9d9de; --page: #fbfbfc; --card: #fff;
  --good: #1a6e3c; --bad: #b3261e; --good-back: #e3f3e9; --bad-back: #fbe5e3; --link: #0b57a4 }
@media (prefers-color-scheme: dark) { :root { --text: #e8e8ea; --soft: #a5a5ad; --line: #3a3a41; --page: #151518;
  --card: #1e1e22; --good: #7fd6a0; --bad: #ff9d94; --good-back: #17372400; --bad-back: #4a1d1a; --link: #8cc1ff } }
* { box-sizing: border-box }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.5 system-ui, sans-serif }
main { max-width: 72rem; margin: 0 auto; padding: 1rem }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 1rem 0 .5rem }
h2 { font-size: 1.2rem; margin: 0 0 .25rem; display: flex; flex-wrap: wrap; gap: .25rem .75rem; align-items: baseline }
h3 { font-size: 1rem; margin: 1rem 0 .25rem }
p { margin: .5rem 0 }
a { color: var(--link) }
code, .mono { font-family: ui-monospace, monospace; font-size: .9em }
section { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: 1rem; margin: 1rem 0 }
.soft { color: var(--soft); font-size: .875rem }
.verdict { font-size: .8rem; font-weight: 600; padding: .1rem .5rem; border-radius: 1rem; border: 1px solid }
.pass { color: var(--good); background: var(--good-back) }
.fail { color: var(--bad); background: var(--bad-back) }
.beside { display: grid; grid-template-columns: minmax(0, 1fr); gap: 1rem }
@media (min-width: 62rem) { .beside { grid-template-columns: minmax(0, 3fr) minmax(0, 2fr) } }
figure { margin: 0 0 .75rem; background: #fff; border-radius: .25rem; padding: .25rem; overflow-x: auto }
figure svg { display: block; margin: 0 auto; height: auto }
.claim { border-left: .25rem solid var(--line); padding-left: .75rem; margin: .5rem 0 }
.wide { overflow-x: auto }
table { border-collapse: collapse; font-size: .875rem }
th, td { text-align: left; padding: .2rem .6rem .2rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
nav td { padding-right: 1rem }
.checks { width: 100% }
@media (max-width: 36rem) { .checks tr { display: grid; grid-template-columns: max-content 1fr; padding: .25rem 0;
    border-bottom: 1px solid var(--line) } .checks td { border: 0 }
  .checks td.number { grid-column: 2; text-align: left } }
details { margin: .5rem 0 }
summary { cursor: pointer; color: var(--soft) }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .1rem .75rem; margin: .5rem 0;
  font-size: .875rem }
dt { color: var(--soft) }
dd { margin: 0; overflow-wrap: anywhere }
pre { overflow-x: auto; font-size: .8rem; background: var(--page); padding: .5rem; border-radius: .25rem }
@media print { :root { --text: #000; --soft: #333; --line: #999; --page: #fff; --card: #fff; --good: #000; --bad: #000;
    --good-back: #fff; --bad-back: #fff; --link: #000 }
  body { font-size: 10pt } section { break-inside: avoid; border: 0; border-top: 1px solid #999; border-radius: 0 }
  a { text-decoration: none } .wide, figure, pre { overflow: visible } pre { white-space: pre-wrap }
  figure svg { min-width: 0 !important } details:not([open]) { display: none } }
]]
