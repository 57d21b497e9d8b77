/** Typing in a real terminal: suggestions, completion, forms, history and its search, the progress of what runs. */
import assert from 'node:assert'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import { withConsole } from './with-terminal.js'

const TAB = '\t'
const BACKTAB = '\u001b[Z'
const RIGHT = '\u001b[C'
const LEFT = '\u001b[D'
const UP = '\u001b[A'
const END = '\u001b[F'
const ESC = '\u001b'
const CTRL_R = '\u0012'

/** A test with a history file of its own. */
async function withHistory(run: (env: Readonly<Record<string, string>>, path: string) => Promise<void>) {
  const folder = mkdtempSync(join(tmpdir(), 'p2p-lines-'))
  try {
    await run({ HISTORY: folder }, join(folder, 'history'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

test('while one types, the candidates stand in the hints and the best one dimmed at the cursor', () =>
  withConsole(async (terminal) => {
    terminal.type(':s')
    await terminal.until(/store {2}status.*store <path> \[--as name\] {2}gives a file to the ring\s*\n ❯ store *$/)
    terminal.type('ta')
    await terminal.until(/ status {2}.*this peer in one line\s*\n ❯ status *$/)
    terminal.type('\r')
    await terminal.until(/no command sta/)
  }))

test('Right, End, Ctrl-F and Ctrl-E at the end of the line take what is dimmed', () =>
  withConsole(async (terminal) => {
    for (const key of [RIGHT, END, '\u0006', '\u0005']) {
      terminal.type(':request at')
      await terminal.until(/❯ request atlas\.iso/)
      terminal.type(key)
      terminal.type('!')
      await terminal.until(/❯ request atlas\.iso!/)
      terminal.type('\u0015')
      await terminal.until(/❯ *$/)
      terminal.type(ESC)
      await terminal.until(/: types a command/)
    }
  }))

test('Right within the line moves and takes nothing', () =>
  withConsole(async (terminal) => {
    terminal.type(':request atl')
    await terminal.until(/❯ request atlas\.iso/)
    terminal.type(`${LEFT}${RIGHT}x`)
    await terminal.until(/❯ request atlx *$/)
  }))

test('before a word is begun nothing is dimmed, but what may stand there is listed', () =>
  withConsole(async (terminal) => {
    terminal.type(':vote alice ')
    await terminal.until(/ yes {2}no {2}.*vote <voter> <choice> \[--poll p\].*\n ❯ vote alice *$/)
    terminal.type(RIGHT)
    terminal.type('n')
    await terminal.until(/❯ vote alice no *$/)
  }))

test('Tab takes the shared beginning, then walks; Shift-Tab walks back', () =>
  withConsole(async (terminal) => {
    terminal.type(':request m')
    terminal.type(TAB)
    terminal.type(TAB)
    await terminal.until(/music\.txt {2}mustard\.txt[\s\S]*❯ request music\.txt *$/)
    terminal.type(TAB)
    await terminal.until(/❯ request mustard\.txt *$/)
    terminal.type(BACKTAB)
    await terminal.until(/❯ request music\.txt *$/)
    terminal.type(BACKTAB)
    await terminal.until(/❯ request mustard\.txt *$/)
  }))

test('completion in the middle of a line keeps what stands behind the cursor, and quotes a name with blanks', () =>
  withConsole(async (terminal) => {
    terminal.type(':request ü -o x')
    for (let step = 0; step < 5; step++) terminal.type(LEFT)
    terminal.type(TAB)
    await terminal.until(/❯ request "Ümlaut file\.txt" -o x *$/)
    terminal.type('\r')
    await terminal.until(/fetched Ümlaut file\.txt/)
    terminal.type(':store no')
    terminal.type(TAB)
    terminal.type('x')
    await terminal.until(/❯ store notes\/x *$/)
  }))

test('without colour the chosen candidate is still marked, by reverse video', () =>
  withConsole(
    async (terminal) => {
      terminal.type(':request mu')
      await terminal.until(/music\.txt {2}mustard\.txt/)
      await terminal.until(() => /\[7mmusic\.txt/.test(terminal.output))
    },
    { env: { NO_COLOR: '1' } },
  ))

test('the form of a vote suggests the choices; Tab completes there, then moves on', () =>
  withConsole(async (terminal) => {
    terminal.type('v')
    await terminal.until(/Tab next/)
    terminal.type('ann')
    terminal.type(TAB)
    await terminal.until(/voter ann +choice +.*\(poll\)[\s\S]*Tab complete.*yes {2}no/)
    terminal.type('n')
    await terminal.until(/choice no /)
    terminal.type(TAB)
    await terminal.until(/choice no .*\n Tab next/)
    terminal.type(TAB)
    await terminal.until(/choice no {2}\(poll\)[\s\S]*Enter run/)
    terminal.type(BACKTAB)
    terminal.type(BACKTAB)
    terminal.type('e')
    await terminal.until(/voter anne /)
    terminal.type(`\r\r\r`)
    await terminal.until(/anne voted no/)
  }))

test('the form of a poll makes a line of it: options parted by commas, a question in quotes', () =>
  withConsole(async (terminal) => {
    terminal.type('p')
    await terminal.until(/poll create {2}name .*options.*\(question\).*\(closes\)/)
    terminal.type('lunch\rsoup, salad ,日本\rwhat do we eat?\r30m\r')
    await terminal.until(/no command poll/)
    terminal.type(':')
    terminal.type(UP)
    await terminal.until(/❯ poll create lunch "what do we eat\?" --options soup,salad,日本 --closes 30m/)
  }))

test('whoever types the whole word poll means the command', () =>
  withConsole(async (terminal) => {
    for (const letter of 'poll list') terminal.type(letter)
    await terminal.until(/❯ poll list *$/)
  }))

test('at 40 columns a form is the current field and its number', () =>
  withConsole(
    async (terminal) => {
      terminal.type('p')
      await terminal.until(/poll create 1\/4 name/)
      terminal.type('日本語のなまえ'.repeat(4))
      await terminal.until(/poll create 1\/4 name .*なまえ *$/m)
      terminal.type('\r')
      await terminal.until(/poll create 2\/4 options/)
      terminal.type('a,b')
      terminal.type('\u001b[A')
      await terminal.until(/poll create 1\/4/)
      terminal.type('\u001b[B')
      terminal.type('\u001b[B')
      await terminal.until(/poll create 3\/4 \(question\)/)
      terminal.type(ESC)
      await terminal.until(/: types a command/)
    },
    { columns: 40, rows: 12 },
  ))

test('a command that a form made and that fails reopens nothing, and the history has its line', () =>
  withConsole(async (terminal) => {
    terminal.type('r')
    await terminal.until(/request {2}name/)
    terminal.type('nothing.txt\r\r')
    await terminal.until(/✗ nobody has nothing\.txt[\s\S]*: types a command/)
    terminal.type(':')
    terminal.type(UP)
    await terminal.until(/❯ request nothing\.txt *$/)
  }))

test('Ctrl-R finds earlier lines, again older ones; Enter runs, Esc leaves the draft as it was', () =>
  withConsole(async (terminal) => {
    for (const line of ['store one.txt', 'store two.txt', 'request music.txt']) {
      terminal.type(`:${line}\r`)
      await terminal.until(new RegExp(`✓ .*${line.split(' ')[1]?.replace('.', '\\.')}`))
    }
    terminal.type(':draft')
    terminal.type(CTRL_R)
    await terminal.until(/ search .*:[\s\S]*$/)
    terminal.type('STO')
    await terminal.until(/search STO.*: store two\.txt/)
    terminal.type(CTRL_R)
    await terminal.until(/search STO.*: store one\.txt/)
    terminal.type(CTRL_R)
    await terminal.until(/no more with STO.*: store one\.txt/)
    terminal.type(ESC)
    await terminal.until(/❯ draft *$/)
    terminal.type(CTRL_R)
    terminal.type('tw')
    await terminal.until(/search tw.*: store two\.txt/)
    terminal.type(RIGHT)
    await terminal.until(/❯ store two\.txt *$/)
    terminal.type('\u0015')
    terminal.type(CTRL_R)
    terminal.type('one')
    await terminal.until(/search one.*: store one\.txt/)
    terminal.type('\r')
    await terminal.until(/✓ stored one\.txt/)
  }))

test('the history is there in the next run, without what keys started, and Up keeps what is typed', () =>
  withHistory(async (env, path) => {
    await withConsole(
      async (terminal) => {
        terminal.type(':store one.txt\r')
        await terminal.until(/stored one/)
        terminal.type('d')
        await terminal.until(/Tally main/)
      },
      { env },
    )
    assert.strictEqual(readFileSync(path, 'utf8'), 'store one.txt\n')
    await withConsole(
      async (terminal) => {
        terminal.type(':vote x')
        terminal.type(UP)
        await terminal.until(/❯ store one\.txt *$/)
        terminal.type('\u001b[B')
        await terminal.until(/❯ vote x *$/)
      },
      { env },
    )
  }))

test('a history that cannot be read is told of, and the console works', () =>
  withHistory(async (env, path) => {
    mkdirSync(path)
    await withConsole(
      async (terminal) => {
        await terminal.until(/cannot read the history/)
        terminal.type(':store one.txt\r')
        await terminal.until(/stored one/)
      },
      { env },
    )
    rmSync(path, { recursive: true })
    writeFileSync(path, 'tally\n\u0000\n')
    await withConsole((terminal) => terminal.until(/history.*is damaged: 1/).then(() => undefined), { env })
  }))

test('a running command has a bar of eighth blocks, percent, amount, rate and time left', () =>
  withConsole(async (terminal) => {
    terminal.type(':work reading\r')
    await terminal.until(/◐ reading {2}█{4}[ ▏▎▍▌▋▊▉█]{12} +\d+ % {2} *\d+ MB\/40 MB {2}4\.\d MB\/s {2} *0:0\d left/)
    terminal.type('x')
    await terminal.until(/reading cancelled/)
  }))

test('of several running commands the newest is shown, and how many more there are', () =>
  withConsole(async (terminal) => {
    for (const name of ['one', 'two', 'three']) {
      terminal.type(`:work ${name}\r`)
      await terminal.until(new RegExp(`◐ ${name} `))
    }
    await terminal.until(/◐ three .* %.*\(\+2 more\)/)
    terminal.type('x')
    await terminal.until(/three cancelled/)
    await terminal.until(/◐ two .*\(\+1 more\)/)
  }))

test('a command that tells nothing shows after a second that it goes on, and for how long', () =>
  withConsole(async (terminal) => {
    terminal.type(':silent\r')
    await terminal.until(/◐ silent +0:0[1-9] .*x cancels/)
    await terminal.until(/◐ silent +0:0[3-9]/)
    terminal.type('x')
    await terminal.until(/✗ cancelled/)
  }))

test('progress on a narrow screen is one line that keeps the percentage', () =>
  withConsole(
    async (terminal) => {
      terminal.type(':work "a very long name of what is read"\r')
      await terminal.until(/◐ a very.*…?.*█.* \d+ %/)
    },
    { columns: 40, rows: 12 },
  ))

test.run()
