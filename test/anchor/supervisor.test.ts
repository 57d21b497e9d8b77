/** What becomes of the processes when their supervisor dies, stands still, or known one that keeps crashing. */
import assert from 'node:assert'
import { suite } from 'uvu'
import { TASKS } from '../../src/anchor/task.js'
import { world } from '../host/peers.js'
import { type Child, runChild, until } from '../host/support.js'
import { isAlive } from '../is-alive.js'
import { BACK_MS, withAnchor } from './anchors.js'

const test = suite('anchor supervisor')
/** Longer than three beats: whoever counted them as missed would have killed. */
const STANDSTILL_MS = 4000

/** With a supervisor in a process of its own, killed at the end, and the numbers of its processes. */
function supervised(
  body: (supervisor: Child, pids: readonly number[], another: () => Child) => Promise<void>,
): () => Promise<void> {
  return async () => {
    const { environment } = world()
    const child = runChild('../../anchor/children/anchor', [], environment)
    const line = await until(`the anchor to be up; ${child.errors()}`, () => child.lines[0], BACK_MS)
    const pids: readonly number[] = JSON.parse(line)
    try {
      await body(child, pids, () => runChild('../../anchor/children/anchor', [], environment))
      child.process.kill('SIGKILL')
      await until('its processes to end', () => !pids.some(isAlive), BACK_MS)
    } finally {
      for (const pid of pids) if (isAlive(pid)) process.kill(pid, 'SIGKILL')
    }
  }
}

test(
  'killed -9 it leaves no process behind',
  supervised(async (supervisor, pids) => {
    assert.strictEqual(pids.filter(isAlive).length, 3)
    supervisor.process.kill('SIGKILL')
    await until('it to be gone', () => supervisor.process.signalCode !== null)
  }),
)

test(
  'killed -9 while a process stood still, the next one ends what is left before it begins',
  supervised(async (supervisor, pids, another) => {
    const [, , frozen = 0] = pids
    process.kill(frozen, 'SIGSTOP')
    supervisor.process.kill('SIGKILL')
    await until('it to be gone', () => supervisor.process.signalCode !== null)
    const next = another()
    try {
      await until(`the next anchor to be up; ${next.errors()}`, () => next.lines[0], BACK_MS)
      await until('the frozen one to be ended', () => !isAlive(frozen), BACK_MS)
    } finally {
      next.process.kill('SIGKILL')
    }
  }),
)

test(
  'stopped and continued it kills nobody over the beats that it could not hear',
  supervised(async (supervisor, pids) => {
    supervisor.process.kill('SIGSTOP')
    await new Promise((resolve) => setTimeout(resolve, STANDSTILL_MS))
    supervisor.process.kill('SIGCONT')
    // as long as a frozen process would take to be found
    await new Promise((resolve) => setTimeout(resolve, STANDSTILL_MS))
    assert.deepStrictEqual(pids.filter(isAlive), pids)
  }),
)

test(
  'a process that keeps ending is tried ever more rarely, with a line that says so; it recovers, and the others serve',
  withAnchor(async (counting) => {
    const slowed = /files ended (\d+) times in a row soon after its start \(SIGKILL\): next try in/
    for (let kills = 0; kills < 4; kills++) {
      const { pid } = counting.of('files')
      process.kill(pid, 'SIGKILL')
      if (kills < 3) await counting.isBack('files', pid)
    }
    await until('a line about the crash loop', () => counting.said(slowed), BACK_MS)
    for (const task of TASKS) if (task !== 'files') assert.match(await counting.dial(task), / has 1$/)
    await until('it to be back', () => counting.of('files').state === 'up', BACK_MS)
    assert.strictEqual(counting.of('files').restarts, 4)
    assert.match(await counting.dial('files'), / has 1$/)
  }),
)

test.run()
