/**
 * Opens a folder, as another user if one is given, and prints a line for each thing that it is told, until it is killed
 * or reads a line: `rescan`, or `chmod <mode> <path>`.
 */
import { chmodSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { FolderHooks } from '../../../src/folder-disk.js'
import { ScanCalls } from '../../../src/host/folder/scan-calls.js'
import { Scanner } from '../../../src/host/folder/scanner.js'
import { States } from '../../../src/host/folder/states.js'
import { newNonce } from '../../../src/host/lock.js'

const [path = '', user = ''] = process.argv.slice(2)
if (user !== '') process.setuid?.(Number(user))

const say = (...words: readonly unknown[]): boolean => process.stdout.write(`${words.join(' ')}\n`)
const hooks: FolderHooks = {
  seen: (changes) => {
    for (const { path: seen, state } of changes) say('seen', state === null ? 'gone' : state.kind, seen)
  },
  scanned: () => say('scanned'),
  problems: (problems) => say('problems', JSON.stringify(problems)),
  rulesChanged: () => say('rules'),
  lost: (reason) => say('lost', reason),
}
const scanner = new Scanner({
  path,
  nonce: newNonce(),
  states: new States(),
  send: (report) => setImmediate(() => calls.receive(report)),
})
const calls = new ScanCalls((request) => scanner.carryOut(request))
calls.open(null, [], hooks, (opening) => say('opened', JSON.stringify(opening)))
createInterface({ input: process.stdin }).on('line', (line) => {
  const [word = '', mode = '', of = ''] = line.split(' ')
  if (word === 'chmod') chmodSync(of, Number.parseInt(mode, 8))
  if (word === 'rescan') calls.rescan()
})
