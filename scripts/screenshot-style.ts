/** About how GitHub shows a job summary. */
export const pageStyle = `
body { margin: 0; background: #f6f8fa; padding: 16px; }
.markdown-body { background: #fff; border: 1px solid #d1d9e0; border-radius: 6px; padding: 24px; color: #1f2328;
  font: 14px/1.5 -apple-system, "Segoe UI", "Noto Sans", Helvetica, Arial, "DejaVu Sans", sans-serif, "Noto Color Emoji"; }
h2 { font-size: 1.5em; margin: 0 0 16px; padding-bottom: .3em; border-bottom: 1px solid #d1d9e0b3; font-weight: 600; }
h3 { font-size: 1.25em; margin: 24px 0 16px; font-weight: 600; }
p, ul, ol, details { margin: 0 0 16px; }
ul, ol { padding-left: 2em; }
li + li { margin-top: .25em; }
table { border-collapse: collapse; margin: 0 0 16px; display: block; width: max-content; max-width: 100%; overflow: auto; }
th, td { border: 1px solid #d1d9e0; padding: 6px 13px; }
th { font-weight: 600; }
tr:nth-child(even) td { background: #f6f8fa; }
code { background: #818b981f; border-radius: 6px; padding: .2em .4em; font: 85% ui-monospace, "DejaVu Sans Mono", monospace; }
pre { background: #f6f8fa; border-radius: 6px; padding: 16px; overflow: auto; margin: 0 0 16px; line-height: 1.45; }
pre code { background: none; padding: 0; }
a { color: #0969da; text-decoration: none; }
a code { color: inherit; }
hr { border: 0; height: .25em; background: #d1d9e0; margin: 24px 0; }
.mermaid { margin: 0 0 16px; }
`;
