/** The processes of an anchor: each serves its own port, and none that ends or stands still takes the others along. */
import assert from 'node:assert'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import { openAnchor } from '../../src/anchor/process/open-anchor.js'
import { TASKS, type Task } from '../../src/anchor/task.js'
import { world } from '../host/peers.js'
import { until } from '../host/support.js'
import { isAlive } from '../is-alive.js'
import { BACK_MS, planIn, withAnchor } from './anchors.js'

const test = suite('anchor processes')

test(
  'each task answers on a port of its own, under one identity, from a process with a database of its own',
  withAnchor(async (counting) => {
    const { facts } = counting.anchor
    assert.strictEqual(new Set(TASKS.flatMap((task) => facts.tasks[task])).size, 3)
    for (const task of TASKS) {
      assert.match(await counting.dial(task), new RegExp(`^${counting.of(task).pid} has 1$`))
      assert.ok(existsSync(join(facts.data, 'anchor', task, 'db')), `a database of ${task}`)
      await until(`${task} to have served one`, () => counting.of(task).served === 1)
    }
    assert.strictEqual(new Set(TASKS.map((task) => counting.of(task).pid)).size, 3)
    assert.ok(!existsSync(join(facts.data, 'db')), 'the supervisor opens none')
    assert.ok(TASKS.every((task) => counting.of(task).pid !== process.pid))
  }),
)

for (const task of TASKS) {
  test(
    `${task} is back after kill -9 with all that it promised, and the others serve meanwhile`,
    withAnchor(async (counting) => {
      const others = TASKS.filter((other) => other !== task)
      await counting.dial(task)
      await until('the link to be counted', () => counting.of(task).served === 1)
      const { pid } = counting.of(task)
      process.kill(pid, 'SIGKILL')
      for (const other of others) assert.match(await counting.dial(other), / has 1$/)
      await counting.isBack(task, pid)
      assert.match(await counting.dial(task), new RegExp(`^${counting.of(task).pid} has 2$`))
      assert.strictEqual(counting.of(task).restarts, 1)
      assert.ok(others.every((other) => counting.of(other).restarts === 0))
      await until('both links to count', () => counting.of(task).served === 2)
      assert.ok(counting.said(new RegExp(`${task} ended \\(SIGKILL\\)`)))
      assert.ok(counting.said(new RegExp(`${task} is back`)))
    }),
  )

  test(
    `${task} that stands still is replaced, and the others serve meanwhile`,
    withAnchor(async (counting) => {
      const { pid } = counting.of(task)
      process.kill(pid, 'SIGSTOP')
      for (const other of TASKS) if (other !== task) assert.match(await counting.dial(other), / has 1$/)
      await counting.isBack(task, pid)
      assert.ok(!isAlive(pid), 'the frozen one is gone')
      assert.ok(counting.said(new RegExp(`${task} is killed: no sign of life`)))
      assert.match(await counting.dial(task), / has 1$/)
    }),
  )
}

test(
  'whoever dials a task that is not there just now waits for the next process: its port is never free',
  withAnchor(async (counting) => {
    const { pid } = counting.of('files')
    process.kill(pid, 'SIGKILL')
    const answers = await Promise.all(Array.from({ length: 10 }, () => counting.dial('files')))
    for (const words of answers) assert.match(words, / has \d+$/)
    assert.strictEqual(new Set(answers).size, 10, 'each link was counted')
    // frozen: connections come in before anybody knows
    process.kill(counting.of('files').pid, 'SIGSTOP')
    assert.match(await counting.dial('files'), / has 11$/)
  }),
)

test(
  'what a task tells the others arrives, and whoever was not there is told when it comes back',
  withAnchor(async (counting) => {
    const peer = counting.dialer.identity.id
    const knows = async (task: Task): Promise<boolean> => {
      const answer = await counting.ask(task, ['poll', 'list', '--json'])
      return JSON.parse(answer.json ?? '[]').some((one: { poll: string }) => one.poll === peer)
    }
    const informed = async (task: Task): Promise<void> => {
      for (const end = performance.now() + BACK_MS; !(await knows(task)); )
        assert.ok(performance.now() < end, `${task} did not hear of ${peer}`)
    }
    assert.strictEqual(await knows('files'), false)
    await counting.dial('admission')
    for (const task of ['manifests', 'files'] as const) await informed(task)
    const { pid } = counting.of('files')
    process.kill(pid, 'SIGKILL')
    await counting.isBack('files', pid)
    await informed('files')
  }),
)

test(
  'a command waits for the process that answers it, and is told when that one ends meanwhile',
  withAnchor(async (counting) => {
    assert.deepStrictEqual(JSON.parse((await counting.ask('files', ['transfers', '--json'])).json ?? ''), [])
    const refused = await counting.ask('files', ['lookup', 'name'])
    assert.deepStrictEqual([refused.exit, /does not do that/.test(refused.error)], [1, true])

    const { pid } = counting.of('admission')
    const joining = counting.ask('admission', ['join', '127.0.0.1:9'])
    await until('the command to be under way', () => counting.of('admission').queued === 1)
    process.kill(pid, 'SIGKILL')
    const lost = await joining
    assert.deepStrictEqual([lost.exit, /ended meanwhile/.test(lost.error)], [1, true])
    const waited = await counting.ask('admission', ['tally', '--json'])
    assert.deepStrictEqual([waited.exit, JSON.parse(waited.json ?? '').total], [0, 1])

    const abort = new AbortController()
    const cancelled = counting.ask('admission', ['join', '127.0.0.1:9'], abort.signal)
    abort.abort()
    assert.match((await cancelled).error, /cancelled/)
  }),
)

test('an anchor that ends says goodbye in every process, leaves none, and gives directory and ports back', async () => {
  const home = world()
  process.env.GOODBYES = home.homes.data
  const plan = planIn(home.homes)
  const anchor = await openAnchor(plan, () => {})
  const { data, tasks } = anchor.facts
  const pids = anchor.view().processes.map(({ pid }) => pid)
  process.kill(pids[2] ?? 0, 'SIGSTOP')
  // a terminal or a service manager sends them to all processes of a group
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(pids[0] ?? 0, signal)
  anchor.quit(false)
  assert.deepStrictEqual(await anchor.ended, { reason: null })
  delete process.env.GOODBYES
  assert.deepStrictEqual(pids.filter(isAlive), [], 'the frozen one neither')
  assert.deepStrictEqual(
    TASKS.map((task) => existsSync(join(home.homes.data, task))),
    [true, true, false],
  )
  const again = await openAnchor({ ...plan, data }, () => {})
  assert.deepStrictEqual(again.facts.tasks, tasks, 'the same ports as before')
  again.quit(false)
  await again.ended
})

test('a process that cannot run ends the start with its reason, and nothing is left', async () => {
  const home = world()
  process.env.BROKEN = 'manifests'
  try {
    await assert.rejects(
      openAnchor(planIn(home.homes), () => {}),
      /manifests ended before it ran/,
    )
  } finally {
    delete process.env.BROKEN
  }
})

test.run()
