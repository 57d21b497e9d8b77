// Writes the message table of docs/protocol.md from the declarations, between its two markers.
// usage: node .ci/protocol-table.mjs [--check]   (after a build with --tests; --check only tells whether it is stale)
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

const root = new URL('..', import.meta.url)
const page = new URL('docs/protocol.md', root)
const table = new URL('dist/tree/wire/messages.js', root)
const [BEGIN, END] = ['<!-- messages -->', '<!-- /messages -->']

if (!existsSync(table)) {
  console.error('no dist/tree: run `node .ci/build.mjs --tests` first')
  process.exit(1)
}
const { messages } = await import(table)

/** Structures that messages are made of, by name, innermost first. */
const structures = new Map()

function collect(field) {
  const { shape } = field
  if (shape?.kind === 'list' || shape?.kind === 'option') collect(shape.item)
  if (shape?.kind !== 'struct') return
  for (const inner of Object.values(shape.fields)) collect(inner)
  structures.set(field.label, shape.fields)
}

const cell = (text) => text.replaceAll('|', '\\|')
const listed = (fields) =>
  Object.entries(fields)
    .map(([name, field]) => `\`${name}\` ${field.label}`)
    .join(', ') || '(none)'

const rows = Object.entries(messages)
  .sort(([, a], [, b]) => a.number - b.number)
  .map(([name, { number, phase, sender, limit, fields, summary }]) => {
    for (const field of Object.values(fields)) collect(field)
    return `| ${number} | \`${name}\` | ${phase} | ${sender} | ${limit} | ${cell(listed(fields))} | ${cell(summary)} |`
  })
const structureRows = [...structures].map(([name, fields]) => `| ${name} | ${cell(listed(fields))} |`)

const generated = [
  BEGIN,
  '| no. | name | phase | sender | limit, bytes | fields, in order | meaning |',
  '|---:|---|---|---|---:|---|---|',
  ...rows,
  '',
  'Structures in it, each an array of its fields:',
  '',
  '| structure | fields, in order |',
  '|---|---|',
  ...structureRows,
  END,
].join('\n')

const text = readFileSync(page, 'utf8')
const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)]
if (from < 0 || to < from) {
  console.error(`docs/protocol.md lacks the markers ${BEGIN} and ${END}`)
  process.exit(1)
}
const fresh = text.slice(0, from) + generated + text.slice(to + END.length)
if (fresh === text) process.exit(0)
if (process.argv.includes('--check')) {
  console.error('docs/protocol.md is stale: run `node .ci/protocol-table.mjs`')
  process.exit(1)
}
writeFileSync(page, fresh)
