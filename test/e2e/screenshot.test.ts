/** Pictures of the console: what the renderer makes of a real terminal's cells, and the script that takes them. */
import assert from 'node:assert'
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import xterm from '@xterm/headless'
import { suite } from 'uvu'
import { type Screen, screenOf } from '../../bench/screenshot/cells.js'
import { contrast, dimmed, GROUND, SIXTEEN, TEXT } from '../../bench/screenshot/palette.js'
import { DOWNLOAD, EDITED, EDITOR, PEERS, SELF } from '../../bench/screenshot/scene.js'
import { escapeXml, svgOf } from '../../bench/screenshot/svg.js'
import { elementsOf, parseXml, textOf, type XmlElement } from './strict-xml.js'

const test = suite('screenshot')
const SCRIPT = fileURLToPath(new URL('../../../../.ci/screenshot.mjs', import.meta.url))
const DEADLINE_MS = 280_000
const ESC = '\u001b'
const KNOWN = ['svg', 'title', 'desc', 'rect', 'path', 'circle', 'text', 'g']

/** What a terminal shows after these bytes. */
async function shown(bytes: string, columns = 40, rows = 4): Promise<Screen> {
  const terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, logLevel: 'off' })
  await new Promise<void>((resolve) => terminal.write(bytes, resolve))
  const screen = screenOf(terminal.buffer.active, columns, rows)
  terminal.dispose()
  return screen
}

/** Its picture, read back; every picture is checked for what none may hold. */
function pictured(screen: Screen, title = 'a test'): XmlElement {
  const root = parseXml(svgOf(screen, title))
  const all = KNOWN.flatMap((name) => elementsOf(root, name))
  const count = (element: XmlElement): number =>
    element.children.reduce((sum, child) => sum + (typeof child === 'string' ? 0 : count(child)), 1)
  assert.strictEqual(all.length, count(root), 'only known elements')
  for (const { attributes } of all)
    for (const [name, value] of attributes) {
      assert.ok(!/^on|href|style|src/.test(name), `no attribute ${name}`)
      if (name !== 'xmlns') assert.ok(!/url\(|https?:/.test(value), `nothing from elsewhere: ${value}`)
    }
  return root
}

const picture = async (bytes: string): Promise<XmlElement> => pictured(await shown(bytes))

/** The text of the screen; the title of the window stands before it. */
const written = (root: XmlElement): readonly XmlElement[] => elementsOf(root, 'text').slice(1)
const reading = (root: XmlElement, text: string): XmlElement => {
  const found = written(root).find((element) => textOf(element) === text)
  assert.ok(found !== undefined, `"${text}" among ${JSON.stringify(written(root).map(textOf))}`)
  return found
}
const attribute = (element: XmlElement, name: string): string | undefined => element.attributes.get(name)
const paths = (root: XmlElement, name: string, value: string): readonly string[] =>
  elementsOf(root, 'path')
    .filter((path) => attribute(path, name) === value)
    .map((path) => attribute(path, 'd') ?? '')

test('a cell keeps its colour: the sixteen, the 256, any', async () => {
  const root = await picture(
    `plain ${ESC}[31mred${ESC}[0m ${ESC}[92mlime${ESC}[0m ${ESC}[38;5;208morange${ESC}[0m ${ESC}[38;2;1;2;3mdark${ESC}[0m`,
  )
  assert.strictEqual(attribute(reading(root, 'plain'), 'fill'), undefined)
  assert.strictEqual(attribute(reading(root, 'red'), 'fill'), SIXTEEN[1])
  assert.strictEqual(attribute(reading(root, 'lime'), 'fill'), SIXTEEN[10])
  assert.strictEqual(attribute(reading(root, 'orange'), 'fill'), '#ff8700')
  assert.strictEqual(attribute(reading(root, 'dark'), 'fill'), '#010203')
})

test('bold, dim, underlined and hidden text look so', async () => {
  const root = await picture(
    `${ESC}[1mbold${ESC}[0m ${ESC}[2mdim${ESC}[0m ${ESC}[4mline${ESC}[0m ${ESC}[8mhidden${ESC}[0m`,
  )
  assert.strictEqual(attribute(reading(root, 'bold'), 'font-weight'), 'bold')
  assert.strictEqual(attribute(reading(root, 'dim'), 'fill'), dimmed(TEXT, GROUND))
  assert.strictEqual(attribute(reading(root, 'line'), 'text-decoration'), 'underline')
  assert.ok(!svgOf(await shown(`${ESC}[8mhidden${ESC}[0m`), '').includes('hidden'))
})

test('inverse changes text and ground, with and without colours', async () => {
  const root = await picture(`ab${ESC}[7mcd${ESC}[0m${ESC}[32;7mef${ESC}[0m`)
  assert.strictEqual(attribute(reading(root, 'cd'), 'fill'), GROUND)
  assert.deepStrictEqual(paths(root, 'fill', TEXT), ['M16 0h16v16h-16z'])
  assert.deepStrictEqual(paths(root, 'fill', SIXTEEN[2] ?? ''), ['M32 0h16v16h-16z'])
})

test('text runs of one style stand at their column and fill their cells', async () => {
  const root = await picture('ab cd    ef\r\n  gh')
  assert.deepStrictEqual(
    written(root).map((element) => [
      textOf(element),
      ...['x', 'y', 'textLength'].map((name) => attribute(element, name)),
    ]),
    [
      ['ab cd', '0', '12', '40'],
      ['ef', '72', '12', '16'],
      ['gh', '16', '28', '16'],
    ],
  )
})

test('wide and combined characters keep what follows in its column', async () => {
  const root = await picture('你好a e\u0301b')
  assert.strictEqual(attribute(reading(root, '好'), 'x'), '16')
  assert.strictEqual(attribute(reading(root, '好'), 'textLength'), '16')
  assert.strictEqual(attribute(reading(root, 'a'), 'x'), '32')
  assert.strictEqual(attribute(reading(root, 'b'), 'x'), '56')
  reading(root, 'e\u0301')
})

test('frames, bars and braille are drawn in one piece, not written', async () => {
  const root = await picture('┌──┐\r\n│⣿█▌\r\n└──┘')
  assert.deepStrictEqual(written(root), [])
  const [lines = ''] = paths(root, 'stroke', TEXT)
  assert.ok(lines.includes('M4 8h24'), 'the upper edge is one line')
  assert.ok(lines.includes('M4 8v32'), 'the left edge is one line')
  assert.ok(paths(root, 'fill', TEXT).includes('M16 16h12v16h-12z'), 'whole and half block are one bar')
  const dots = elementsOf(root, 'path').find((path) => attribute(path, 'stroke-linecap') === 'round')
  assert.strictEqual(attribute(dots!, 'd')?.match(/M/g)?.length, 8)
  assert.ok(attribute(dots!, 'd')?.startsWith('M10 18h0'))
})

test('the text of the screen can be heard', async () => {
  const root = pictured(await shown('╭ Peers\r\n│ ● 你 <b>'), 'a & b')
  assert.strictEqual(textOf(elementsOf(root, 'title')[0]!), 'a & b')
  assert.strictEqual(textOf(elementsOf(root, 'desc')[0]!), '╭ Peers\n│ ● 你 <b>\n\n')
  assert.strictEqual(attribute(root, 'role'), 'img')
})

test('what was beyond the edge before a resize is not drawn', async () => {
  const terminal = new xterm.Terminal({ cols: 20, rows: 2, allowProposedApi: true, logLevel: 'off' })
  await new Promise<void>((resolve) => terminal.write(`${ESC}[?1049h0123456789abcdefg你`, resolve))
  const root = pictured(screenOf(terminal.buffer.active, 10, 2))
  terminal.dispose()
  assert.deepStrictEqual(written(root).map(textOf), ['0123456789'])
})

test('what has scrolled out is not in the picture', async () => {
  const root = pictured(await shown('one\r\ntwo\r\nthree\r\nfour\r\nfive'))
  assert.deepStrictEqual(written(root).map(textOf), ['two', 'three', 'four', 'five'])
})

test('hostile text stays text', async () => {
  const nasty = '</text><script>alert(1)</script>&amp;"]]>\'&#x0;'
  const root = pictured(await shown(nasty, 80, 2), `${nasty}\u0000\ud800`)
  assert.strictEqual(written(root).map(textOf).join(''), nasty)
  assert.ok(textOf(elementsOf(root, 'desc')[0]!).startsWith(nasty))
})

test('what XML cannot hold is replaced, in cells and in the title', async () => {
  const base = await shown('x', 4, 1)
  const [cell] = base.lines[0] ?? []
  for (const text of ['\u0000', '\u001b[31m', '\u0085', '\ud800', 'a\udc00', '\ufffe', '\uffff', '\u202e', '\u2028']) {
    const screen: Screen = { ...base, lines: [[{ ...cell!, text }]] }
    assert.match(written(pictured(screen, text)).map(textOf).join(''), /\ufffd/)
  }
  assert.strictEqual(escapeXml('😀 line\nend <&>"'), '😀 line\nend &lt;&amp;&gt;&quot;')
})

test('the reader that checks all this is strict', () => {
  for (const bad of [
    '<a>',
    '<a></b>',
    '<a b=c/>',
    '<a b="1" b="2"/>',
    '<a>&nbsp;</a>',
    '<a>&</a>',
    '<a/>x',
    '<a>\u0001</a>',
  ])
    assert.throws(() => parseXml(bad), bad)
})

test('the same screen is the same picture, whatever was written to come there', async () => {
  const once = svgOf(await shown(`${ESC}[32mgreen${ESC}[0m and ${ESC}[1mbold${ESC}[0m`), 'p')
  const again = svgOf(
    await shown(`xxx${ESC}[2J${ESC}[1;11H${ESC}[1mbold${ESC}[0m${ESC}[1;6H and ${ESC}[1;1H${ESC}[32mgreen`),
    'p',
  )
  assert.strictEqual(once, again)
})

test('every colour of text can be read on the ground', () => {
  for (const [index, colour] of SIXTEEN.entries()) {
    if (index === 0 || index === 8) continue
    assert.ok(contrast(colour, GROUND) >= 4.5, `${index}: ${contrast(colour, GROUND)}`)
  }
  assert.ok(contrast(dimmed(TEXT, GROUND), GROUND) >= 4.5)
})

interface Ended {
  readonly exit: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A folder for the pictures, and one for all that the script keeps while it runs. */
async function withFolders(body: (out: string, temporary: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'shot-'))
  const temporary = join(folder, 't')
  mkdirSync(temporary)
  try {
    await body(join(folder, 'out'), temporary)
    assert.deepStrictEqual(readdirSync(temporary), [], 'nothing is left behind')
    assert.deepStrictEqual(processesOf(temporary), [], 'no process is left')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Processes that were started with this folder in their environment; known only where there is a /proc. */
function processesOf(folder: string): readonly string[] {
  if (!existsSync('/proc/self/environ')) return []
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(folder)
    } catch {
      return false // it ended meanwhile, or is not ours
    }
  })
}

function run(
  words: readonly string[],
  env: NodeJS.ProcessEnv = {},
  onProgress: (said: string, stop: () => void) => void = () => {},
): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [SCRIPT, '--no-build', ...words], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const timer = setTimeout(() => child.kill('SIGTERM'), DEADLINE_MS)
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (data: Buffer) => {
      stdout += data.toString()
    })
    child.stderr.on('data', (data: Buffer) => {
      stderr += data.toString()
      onProgress(stderr, () => child.kill('SIGTERM'))
    })
    child.on('close', (exit) => {
      clearTimeout(timer)
      resolve({ exit, stdout, stderr })
    })
  })
}

test('the script takes a picture of real peers, a vote, a running download and an edit in the shared folder, and leaves nothing behind', () =>
  withFolders(async (out, TMPDIR) => {
    const { exit, stdout, stderr } = await run(['--size', '80x24', '--out', out], { TMPDIR })
    assert.strictEqual(exit, 0, stderr)
    const path = join(out, '80x24.svg')
    assert.strictEqual(stdout, `${path}\n`, 'the files written are all it prints')
    assert.ok(statSync(path).size <= 60_000, `${statSync(path).size} bytes`)
    const root = parseXml(readFileSync(path, 'utf8'))
    const said = written(root).map(textOf)
    for (const name of [SELF, ...PEERS, DOWNLOAD, 'frank', 'tea'])
      assert.ok(
        said.some((text) => text.includes(name)),
        `${name} in ${said.join('|')}`,
      )
    const screen = textOf(elementsOf(root, 'desc')[0]!)
    assert.match(screen, new RegExp(`${DOWNLOAD.replace('.', '\\.')}.*\\d+ %`), 'how far the download is')
    assert.match(screen, /\d [kMG]B\/s/, 'how fast it is')
    assert.match(screen, /folder in sync, \d+ files/, 'how the shared folder stands')
    assert.match(screen, new RegExp(`changed +${EDITED.slice(0, 8)}.* ${EDITOR}`), 'who edited what in it')
    assert.ok(paths(root, 'fill', SIXTEEN[2] ?? '').length > 0, 'its bar is green')
  }))

test('an interrupted script ends its peers, writes nothing and says why', () =>
  withFolders(async (out, TMPDIR) => {
    const { exit, stdout, stderr } = await run(['--size', '80x24', '--out', out], { TMPDIR }, (said, stop) => {
      if (said.trimEnd().endsWith('voting in two polls')) stop()
    })
    assert.strictEqual(exit, 1, stderr)
    assert.match(stderr, /interrupted by SIGTERM/)
    assert.strictEqual(stdout, '')
    assert.deepStrictEqual(readdirSync(out), [])
  }))

test('a folder that cannot be is told at once, with 1', () =>
  withFolders(async (out, TMPDIR) => {
    writeFileSync(out, '')
    const { exit, stderr } = await run(['--out', join(out, 'pictures')], { TMPDIR })
    assert.strictEqual(exit, 1)
    assert.match(stderr, /ENOTDIR/)
    assert.ok(!stderr.includes('starting'), stderr)
  }))

test('wrong words are a usage error, and help is help', async () => {
  for (const words of [['--size', '80'], ['--size', '20x10'], ['--size', '999x24'], ['--colour'], ['picture']]) {
    const { exit, stderr } = await run(words)
    assert.strictEqual(exit, 2, `${words}: ${stderr}`)
  }
  const { exit, stdout } = await run(['--help'])
  assert.strictEqual(exit, 0)
  assert.match(stdout, /--out <dir>/)
})

test.run()
