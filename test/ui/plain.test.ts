import assert from 'node:assert'
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { test } from 'uvu'
import { Terminal } from '../e2e/terminal.js'
import type { Script } from './scripted-source.js'
import { DRIVER } from './with-terminal.js'

const DEADLINE_MS = 20_000

interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** Runs the console on pipes; `talk` sees everything printed so far. */
function onPipes(script: Script, talk: (child: ChildProcessWithoutNullStreams, out: string) => void): Promise<Ended> {
  const child = spawn(process.execPath, [DRIVER, JSON.stringify(script)], { env: { ...process.env, LANG: 'C.UTF-8' } })
  let out = ''
  let err = ''
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`no end within ${DEADLINE_MS} ms: ${out}${err}`))
    }, DEADLINE_MS)
    child.stdout.on('data', (data) => {
      out += data
      talk(child, out)
    })
    child.stderr.on('data', (data) => {
      err += data
    })
    child.on('close', (code) => {
      clearTimeout(timer)
      resolve({ code, out, err })
    })
    talk(child, out)
  })
}

/** Does something once, as soon as the output fits. */
function once(expected: RegExp, act: (child: ChildProcessWithoutNullStreams) => void) {
  let done = false
  return (child: ChildProcessWithoutNullStreams, out: string) => {
    if (done || !expected.test(out)) return
    done = true
    act(child)
  }
}

test('without a terminal the console is lines: commands in, answers out, no escape sequence', async () => {
  const { code, out, err } = await onPipes(
    {},
    once(/otter-lime: 7 peers/, (child) => child.stdin.end('vote alice yes\nVOTE alice no\ntally\n')),
  )
  assert.strictEqual(code, 0)
  assert.strictEqual(err, '')
  assert.match(out, /alice voted yes in block #1205\nfailed: Invalid\/duplicate Vote!\nTally main\nyes {2}6\nno {3}2\n/)
  assert.match(out, /otter-lime: 7 peers, block \d+, 2 files, down .*music\.txt \d+ %/)
  assert(!out.includes('\u001b'))
})

test('quit as a line leaves', async () => {
  const { code } = await onPipes(
    {},
    once(/7 peers/, (child) => child.stdin.write('quit\n')),
  )
  assert.strictEqual(code, 0)
})

test('an input that never was does not end it; SIGTERM does, politely', async () => {
  const stop = once(/7 peers/, (child) => child.kill('SIGTERM'))
  const { code, out } = await onPipes({ quitMs: 100 }, (child, out) => {
    if (out === '') child.stdin.end()
    stop(child, out)
  })
  assert.strictEqual(code, 0)
  assert.match(out, /otter-lime: 7 peers/)
})

test('a crash says why and exits 1', async () => {
  const { code, err } = await onPipes(
    {},
    once(/7 peers/, (child) => child.stdin.write('crash\n')),
  )
  assert.strictEqual(code, 1)
  assert.match(err, /p2p-tui: crashed: .*planted crash/)
})

test('hostile names reach no terminal', async () => {
  const { out } = await onPipes(
    { extraPeer: '\u001b[2Jevil' },
    once(/8 peers|7 peers/, (child) => child.stdin.end('store \u001b[31mx\u0007\n')),
  )
  assert(!out.includes('\u001b') && !out.includes('\u0007'))
})

test('--plain and a dumb terminal get lines too', async () => {
  for (const [args, env] of [
    [['--plain'], {}],
    [[], { TERM: 'dumb' }],
    [[], { INK_SCREEN_READER: 'true' }],
  ] as const) {
    const terminal = new Terminal([DRIVER, '{}', ...args], { env })
    try {
      await terminal.until(/otter-lime: 7 peers[\s\S]*type a command and Enter: help lists them, quit leaves/)
      assert(!terminal.alternate)
      terminal.type('vote bob no\r')
      await terminal.until(/bob voted no/)
      terminal.type('quit\r')
      assert.strictEqual(await terminal.end(), 0)
    } finally {
      await terminal.close()
    }
  }
})

/** Lines as they came, each with when. */
interface Heard {
  readonly line: string
  readonly at: number
}

/** What a person at a plain console hears of a busy peer until `end` is among it. */
async function hearing(script: Script, end: RegExp, say: (child: ChildProcessWithoutNullStreams) => void) {
  const heard: Heard[] = []
  let known = 0
  const start = once(/7 peers/, say)
  const stop = once(end, (child) => child.stdin.write('quit\n'))
  await onPipes(script, (child, out) => {
    const lines = out.split('\n').slice(0, -1)
    for (const line of lines.slice(known)) heard.push({ line, at: performance.now() })
    known = lines.length
    start(child, out)
    stop(child, out)
  })
  return heard
}

/** How things stand: the status line, or how far a command is. */
const isState = ({ line }: Heard): boolean => /^(otter-lime: |starting|mining|hanging)/.test(line)

test('20,000 events a second and four downloads are one line a second, and the progress of a command is among them', async () => {
  const heard = await hearing({ eventsPerSecond: 20_000, downloads: 4 }, /(otter-lime: [\s\S]*){5}/, (child) =>
    child.stdin.write('vote ann yes\nvote bob no\nvote cid yes\n'),
  )
  const states = heard.filter(isState)
  assert(states.length >= 5)
  const seconds = ((states.at(-1)?.at ?? 0) - (states[0]?.at ?? 0)) / 1000
  assert(states.length - 1 <= Math.ceil(seconds), `${states.length} lines in ${seconds} s: ${JSON.stringify(heard)}`)
  for (const name of ['ann voted yes', 'bob voted no', 'cid voted yes'])
    assert(
      heard.some(({ line }) => line.startsWith(name)),
      `no answer: ${name}`,
    )
})

test('a burst of log lines is summed up, and what went wrong is never left out', async () => {
  const heard = await hearing({ logLinesPerSecond: 500, idle: true }, /(more lines[\s\S]*){3}/, () => undefined)
  const chatter = heard.filter(({ line }) => line.startsWith('chatter')).length
  const sums = heard.filter(({ line }) => /^… \d+ more lines$/.test(line)).length
  const troubles = heard.filter(({ line }) => line.startsWith('warn: trouble')).length
  assert(troubles >= 10 * (sums - 2), `${troubles} warnings, ${sums} sums`)
  assert(sums >= 3 && chatter <= 10 * (sums + 2), `${chatter} lines, ${sums} sums`)
})

test('an answer does not wait for the turn of a status line', async () => {
  const heard = await hearing({ eventsPerSecond: 1000, downloads: 4 }, /Tally main[\s\S]*no {3}2/, (child) =>
    child.stdin.write('tally\n'),
  )
  const status = heard.find(({ line }) => line.startsWith('otter-lime'))
  const answer = heard.find(({ line }) => line === 'no   2')
  assert(status !== undefined && answer !== undefined && answer.at - status.at < 900, JSON.stringify(heard))
})

test('help in lines: every command with its words and what it does, and no failure without a word', async () => {
  const { out } = await onPipes(
    {},
    once(/7 peers/, (child) => child.stdin.end('help\nfailing\n')),
  )
  assert.match(out, /^vote <voter> <choice> \[--poll p\] +casts a ballot and waits for its block$/m)
  assert.match(out, /^help +this list$/m)
  assert.match(out, /^failed: no command failing/m)
})

test('quit --abrupt as a line does not wait', async () => {
  const { code } = await onPipes(
    { quitMs: 60_000 },
    once(/7 peers/, (child) => child.stdin.write('quit --abrupt\n')),
  )
  assert.strictEqual(code, 0)
})

test.run()
