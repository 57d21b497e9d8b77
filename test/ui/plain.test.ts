import assert from 'node:assert'
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { test } from 'uvu'
import { Terminal } from '../e2e/terminal.js'
import type { Script } from './scripted-source.js'

const DRIVER = new URL('./driver.js', import.meta.url).pathname
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
      await terminal.until(/otter-lime: 7 peers/)
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

test.run()
