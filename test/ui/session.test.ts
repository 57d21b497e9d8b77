import assert from 'node:assert'
import { test } from 'uvu'
import { pastedKeys } from '../../ui/input/keys.js'
import { RATE_SECONDS, RateHistory } from '../../ui/rates.js'
import { ConsoleSession } from '../../ui/session.js'
import type { Model } from '../../ui/state.js'
import { UTF8 } from './models.js'
import { type Script, ScriptedSource } from './scripted-source.js'

const DEADLINE_MS = 10_000

interface Console {
  readonly source: ScriptedSource
  readonly session: ConsoleSession
  readonly left: { exit: number; reason: string }[]
  until(what: string, fits: (model: Model) => boolean): Promise<Model>
}

/** Runs a test on a session without a terminal and ends everything afterwards. */
async function withConsole(script: Script, run: (console: Console) => Promise<void>): Promise<void> {
  const source = new ScriptedSource(script)
  const left: { exit: number; reason: string }[] = []
  const session = new ConsoleSession(source, {
    look: UTF8,
    size: { columns: 80, rows: 24 },
    left: (exit, reason) => left.push({ exit, reason }),
  })
  const until = (what: string, fits: (model: Model) => boolean) =>
    new Promise<Model>((resolve, reject) => {
      const timer = setTimeout(() => {
        unsubscribe()
        reject(new Error(`never saw ${what}`))
      }, DEADLINE_MS)
      const check = () => {
        if (!fits(session.model())) return
        clearTimeout(timer)
        unsubscribe()
        resolve(session.model())
      }
      const unsubscribe = session.subscribe(check)
      check()
    })
  try {
    await run({ source, session, left, until })
  } finally {
    session.close()
    await source.quit(true)
  }
}

const enter = (session: ConsoleSession, line: string) => session.press(pastedKeys(`${line}\n`))

test('twenty thousand events a second cut no more models than frames', () =>
  withConsole({ eventsPerSecond: 20_000 }, async ({ session, until }) => {
    const models = new Set<Model>()
    const started = Date.now()
    const unsubscribe = session.subscribe(() => models.add(session.model()))
    await until('two seconds of events', () => Date.now() - started > 2000)
    unsubscribe()
    const seconds = (Date.now() - started) / 1000
    assert(models.size <= 8 * seconds + 2, `${models.size} models in ${seconds} s`)
    assert(models.size > 1)
  }))

test('models are frozen', () =>
  withConsole({}, async ({ session }) => {
    assert(Object.isFrozen(session.model()))
  }))

test('an idle network cuts hardly anything', () =>
  withConsole({ idle: true }, async ({ session, source, until }) => {
    await until('a first picture', ({ snapshot }) => snapshot !== null)
    let cuts = 0
    session.subscribe(() => cuts++)
    for (const ms of [100, 600, 1100]) setTimeout(() => source.say('nobody would see this', 'debug'), ms)
    setTimeout(() => source.say('this is seen'), 1600)
    await until('the message', ({ ui }) => ui.message?.text === 'this is seen')
    assert.strictEqual(cuts, 1, 'a picture was handed out that looks like the one before')
  }))

test('progress is shown while a command runs, its answer stays', () =>
  withConsole({}, async ({ session, source, until }) => {
    enter(session, 'vote alice yes')
    await until(
      'progress',
      ({ ui }) => ui.message?.level === 'busy' && ui.message.progress?.text === 'mining' && ui.jobs === 1,
    )
    const { ui } = await until('the answer', ({ ui: { message } }) => message?.level === 'good')
    assert.match(ui.message?.text ?? '', /alice voted yes/)
    assert.strictEqual(ui.jobs, 0)
    source.say('chatter of the network')
    await until('another frame', ({ now }) => now > (ui.message?.at ?? 0) + 300)
    assert.match(session.model().ui.message?.text ?? '', /alice voted yes/)
  }))

test('a refused command is told as bad', () =>
  withConsole({}, async ({ session, until }) => {
    enter(session, 'vote alice yes\nvote alice no')
    const { ui } = await until('the refusal', ({ ui: { message } }) => message?.level === 'bad')
    assert.strictEqual(ui.message?.text, 'Invalid/duplicate Vote!')
  }))

test('lines that are pasted together run one after the other', () =>
  withConsole({}, async ({ session, source, until }) => {
    enter(session, 'vote a yes\nstore b.txt\ntally')
    await until('the last answer', ({ ui }) => ui.overlay?.kind === 'text')
    assert.deepStrictEqual(source.ran, ['vote a yes', 'store b.txt', 'tally'])
    assert.strictEqual(session.model().ui.jobs, 0)
  }))

test('x aborts the running command', () =>
  withConsole({}, async ({ session, until }) => {
    enter(session, 'hang')
    await until('the command', ({ ui }) => ui.jobs === 1)
    session.press([{ kind: 'text', text: 'x', pasted: false }])
    const { ui } = await until('the end', ({ ui: { jobs } }) => jobs === 0)
    assert.strictEqual(ui.message?.text, 'cancelled')
  }))

test('what the network says becomes the message when nothing else stands there', () =>
  withConsole({}, async ({ source, until }) => {
    source.say('too quiet to show', 'debug')
    source.say('no anchor answered: founded network "home"')
    const { ui } = await until('the line', ({ ui: { message } }) => message !== null)
    assert.match(ui.message?.text ?? '', /founded network/)
  }))

test('quit waits for the source, a second one does not', () =>
  withConsole({ quitMs: 60_000 }, async ({ session, left, until }) => {
    enter(session, 'quit')
    await until('the leave', ({ ui }) => ui.leaving)
    assert.deepStrictEqual(left, [])
    session.leave(false)
    await new Promise<void>((resolve) => setImmediate(resolve))
    assert.deepStrictEqual(left, [{ exit: 0, reason: '' }])
  }))

test('rates keep two minutes, one sample a second, gaps filled', () => {
  const history = new RateHistory()
  history.record(10_000, { down: 1, up: 0, hashRate: 0 })
  history.record(10_400, { down: 2, up: 0, hashRate: 0 })
  history.record(13_000, { down: 5, up: 0, hashRate: 0 })
  assert.deepStrictEqual(
    history.samples.map(({ down }) => down),
    [2, 2, 2, 5],
  )
  history.record(900_000, { down: 0, up: 0, hashRate: 0 })
  assert.strictEqual(history.samples.length, RATE_SECONDS)
  assert.strictEqual(history.moves, true)
})

test('while the detail of a file is open its holders are asked for again and again, and not any more after', () =>
  withConsole({ idle: true, downloads: 0 }, async ({ session, source, until }) => {
    await until('a file', ({ snapshot }) => (snapshot?.files.length ?? 0) > 0)
    const grown = ({ holders }: Model): number => holders?.holders[1]?.count ?? 0
    session.press([{ kind: 'text', text: '4', pasted: false }])
    session.press([{ kind: 'named', name: 'enter', pasted: false }])
    const first = grown(await until('the holders', (model) => grown(model) > 0))
    await until('more chunks at the second holder', (model) => grown(model) > first)
    session.press([{ kind: 'named', name: 'escape', pasted: false }])
    assert.strictEqual(session.model().ui.overlay, null)
    const asked = source.looked.length
    assert.ok(source.looked.every((link) => link === source.looked[0]))
    // longer than from one question to the next
    await new Promise((resolve) => setTimeout(resolve, 1500))
    assert.strictEqual(source.looked.length, asked)
  }))

test.run()
