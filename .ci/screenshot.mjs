// Builds, plays a network of real peers, and writes pictures of its console as SVG. Progress on standard error, the files
// that were written on standard output; 1 with the reason where a picture could not be made, 2 for wrong words.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'

const USAGE = `npm run screenshot -- [--out <dir>] [--size <columns>x<rows>]... [--no-build]
  --out <dir>    where the pictures go (docs/screens)
  --size <size>  only this size (repeatable; 80x24, 120x40 and 200x60)
  --no-build     take what was built last
  --help         this text`

function fail(message, exit) {
  console.error(`screenshot: ${message}`)
  process.exit(exit)
}

function wordsOf() {
  try {
    return parseArgs({
      options: {
        out: { type: 'string', default: 'docs/screens' },
        size: { type: 'string', multiple: true, default: ['80x24', '120x40', '200x60'] },
        'no-build': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values
  } catch (error) {
    return fail(`${error.message}\n${USAGE}`, 2)
  }
}

/** The console has no panes below 40x10, and nobody's screen is larger than 400x200. */
function sizeOf(word) {
  const [, columns, rows] = (/^(\d{2,3})x(\d{2,3})$/.exec(word) ?? []).map(Number)
  const fits = columns >= 80 && columns <= 400 && rows >= 24 && rows <= 200
  return fits ? { columns, rows } : fail(`--size ${word}: not a size like 80x24, from 80x24 to 400x200`, 2)
}

const words = wordsOf()
if (words.help) {
  console.log(USAGE)
  process.exit(0)
}
const sizes = words.size.map(sizeOf)
const root = new URL('..', import.meta.url).pathname
const folder = words.out === 'docs/screens' ? resolve(root, words.out) : resolve(words.out)
const take = new URL('../dist/tree/bench/screenshot/take.js', import.meta.url)

if (!words['no-build'] || !existsSync(take)) {
  const { status } = spawnSync(process.execPath, [resolve(root, '.ci/build.mjs'), '--tests'], {
    stdio: ['ignore', 2, 2],
  })
  if (status !== 0) fail('the build failed; the lines above say why', 1)
}
try {
  const { takePictures } = await import(take)
  for (const file of await takePictures(sizes, folder)) console.log(file)
} catch (error) {
  fail(error.message, 1)
}
// a child that was asked something may still hold a pipe
process.exit(0)
