/** The package as others install it: its declarations against a TypeScript program, its bundle in a process of its own. */
import * as assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import { TestNetwork, temporary, until } from './network.js'

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url))
const COMPILE_MS = 120_000
const SHELL_MS = 60_000
const test = suite('library package')

const CONSUMER = `
import { Block, Blockchain, type Json, OperationalError, Peer, Tracker, votingRule } from 'p2p-tui'

export async function main(): Promise<void> {
  await using peer = await Peer.open({ name: 'script', mine: 'never', dataCriterion: votingRule })
  const stop: () => void = peer.on('log', ({ level, text }) => console.log(level, text))
  peer.on('end', ({ reason }) => console.log(reason))
  const answer: 'added' | 'retry' | 'invalid' = await peer.addData({ voter: 'alice', choice: 'yes' })
  const all: readonly Json[] = peer.getData()
  const { status } = await peer.vote('bob', 'no', { signal: AbortSignal.timeout(1000), poll: 'tea' })
  const rtt: number | null | undefined = peer.peers()[0]?.rttMs
  // @ts-expect-error no such event
  peer.on('party', () => {})
  // @ts-expect-error a voter is a text
  await peer.vote(3, 'no')
  stop()
  const tracker = new Tracker({ network: 'lab' })
  const address: string = await tracker.startListening('127.0.0.1:0')
  const chain = new Blockchain(4)
  const block: Block = chain.mineBlock({ any: [1, 'thing'] }, chain.getLastHash())
  if (!chain.verifyBlock(block)) throw new OperationalError('never')
  console.log(answer, all, status, rtt, address)
}
`

const SCRIPT = `
import { Block, Blockchain, Peer, Tracker } from 'p2p-tui'
const homes = JSON.parse(process.argv[2])
const peer = await Peer.open({ name: 'script', homes })
peer.on('end', () => console.log('end'))
console.log(peer.id)
console.log(await peer.addData({ voter: 'alice', choice: 'yes' }))
console.log(await peer.addData({ voter: 'alice', choice: 'no' }))
console.log([Block, Blockchain, Tracker].map((one) => typeof one).join())
await new Promise((resolve) => process.stdin.once('data', resolve))
await peer[Symbol.asyncDispose]()
process.stdin.destroy()
`

test('a TypeScript program compiles against the declarations, wrong calls do not', () => {
  const place = temporary()
  const installed = join(place, 'node_modules', 'p2p-tui')
  mkdirSync(installed, { recursive: true })
  cpSync(join(ROOT, 'package.json'), join(installed, 'package.json'))
  const types = ['--noEmit', 'false', '--declaration', '--emitDeclarationOnly']
  tsc(ROOT, [...types, '--outDir', join(installed, 'dist', 'types')])
  const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  assert.ok(existsSync(join(installed, exports['.'].types)))
  writeFileSync(join(place, 'package.json'), '{"type":"module"}')
  writeFileSync(join(place, 'consumer.ts'), CONSUMER)
  symlinkSync(join(ROOT, 'node_modules', '@types'), join(place, 'node_modules', '@types'))
  const strict = ['--strict', '--module', 'nodenext', '--target', 'es2022', '--lib', 'es2023,esnext.disposable']
  tsc(place, [...strict, '--types', 'node', '--noEmit', 'consumer.ts'])
})

test('a program of its own finds our peer, votes and leaves, from the built package', async () => {
  const network = new TestNetwork()
  const ann = await network.open('ann')
  const place = temporary()
  mkdirSync(join(place, 'node_modules'))
  symlinkSync(ROOT, join(place, 'node_modules', 'p2p-tui'))
  const script = join(place, 'script.mjs')
  writeFileSync(script, SCRIPT)
  const child = spawn(process.execPath, [script, JSON.stringify(network.homes)], { stdio: ['pipe', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (data: Buffer) => {
    output += data.toString()
  })
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  try {
    await until('the answers of the other process', () => output.includes('function,function,function'))
    const [id, ...answers] = output.trim().split('\n')
    assert.deepEqual(answers, ['added', 'invalid', 'function,function,function'])
    await until('its block here', () => ann.getData().length === 1)
    assert.deepEqual(ann.getData(), [{ poll: 'main', voter: 'alice', choice: 'yes' }])
    assert.equal(ann.peers()[0]?.id, id)
    child.stdin.write('leave\n')
    assert.equal(await ended, 0)
    assert.match(output, /end\n$/)
    await until('its goodbye', () => ann.status().peers === 0)
  } finally {
    child.kill('SIGKILL')
    await network.close()
  }
})

test('the shell is answered only where it is asked for, and may end that peer', async () => {
  const network = new TestNetwork()
  try {
    const quiet = await network.open('quiet')
    const open = await network.open('open', { control: true })
    const ended = new Promise((resolve) => open.on('end', resolve))
    assert.notEqual((await shell(network, 'status', '-n', quiet.name)).exit, 0)
    const { exit, output } = await shell(network, 'status', '-n', open.name, '--json')
    assert.equal(exit, 0)
    assert.equal(JSON.parse(output).id, open.id)
    assert.equal((await shell(network, 'quit', '-n', open.name)).exit, 0)
    assert.deepEqual(await ended, { reason: null })
    await open.close()
  } finally {
    await network.close()
  }
})

/** Not spawnSync: the peer that answers lives in this process. */
function shell(network: TestNetwork, ...words: string[]): Promise<{ readonly exit: number | null; output: string }> {
  const env = { ...process.env, ...network.environment }
  const child = spawn(process.execPath, [join(ROOT, 'dist', 'p2p-tui.cjs'), ...words], { env, timeout: SHELL_MS })
  let output = ''
  child.stdout.on('data', (data: Buffer) => {
    output += data.toString()
  })
  return new Promise((resolve) => child.on('close', (exit) => resolve({ exit, output })))
}

function tsc(cwd: string, args: readonly string[]): void {
  const program = join(createRequire(import.meta.url).resolve('typescript/package.json'), '..', 'bin', 'tsc')
  const { status, stdout } = spawnSync(process.execPath, [program, ...args], { cwd, timeout: COMPILE_MS })
  assert.equal(status, 0, String(stdout))
}

test.run()
