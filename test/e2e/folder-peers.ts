/** Real peers with a shared folder each, for end-to-end tests. */
import assert from 'node:assert'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { FolderView } from '../../src/folder-views.js'
import { Cluster, type Ended } from './cluster.js'
import { sameTrees } from './trees.js'

export class FolderPeers {
  readonly cluster = new Cluster()

  /** Where this peer's shared folder is. */
  root(name: string): string {
    return join(this.cluster.home, 'shared', name)
  }

  roots(names: readonly string[]): readonly string[] {
    return names.map((name) => this.root(name))
  }

  /** Starts or restarts them, each with its own folder; `more` goes to all. */
  async start(names: readonly string[], ...more: string[]): Promise<void> {
    await Promise.all(
      names.map((name) => {
        mkdirSync(this.root(name), { recursive: true })
        return this.cluster.start(name, '--folder', this.root(name), '-d', this.state(name), ...more).ready
      }),
    )
  }

  /** The state directory of that peer, the same at each start. */
  state(name: string): string {
    return join(this.cluster.home, 'state', name)
  }

  /** Folders of these have the same tree, which `fits`. */
  same(names: readonly string[], fits?: (tree: string) => boolean, deadlineMs?: number): Promise<string> {
    return sameTrees(this.roots(names), fits, deadlineMs)
  }

  view(on: string): Promise<FolderView> {
    return this.cluster.json<FolderView>(['folder'], { on })
  }

  until(on: string, what: string, fits: (view: FolderView) => boolean, deadlineMs = 60_000): Promise<FolderView> {
    return this.cluster.until(`${on}: ${what}`, () => this.view(on), fits, deadlineMs)
  }

  /** A command that must succeed. */
  async run(on: string, ...words: string[]): Promise<Ended> {
    const ended = await this.cluster.run(words, { on })
    assert.strictEqual(ended.exit, 0, `${words.join(' ')}: ${ended.stderr}${ended.stdout}`)
    return ended
  }

  async quit(name: string): Promise<void> {
    await this.run(name, 'quit')
    await this.cluster.peers.get(name)?.ended
  }
}

/** A test with folders of its own, closed whatever happens. */
export function withFolders(body: (peers: FolderPeers) => Promise<void>): () => Promise<void> {
  return async () => {
    const peers = new FolderPeers()
    try {
      await body(peers)
    } finally {
      await peers.cluster.close()
    }
  }
}
