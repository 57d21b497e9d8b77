/** What a peer answers that takes no part in the shared folder. */
import { type Done, type FolderApi, type FolderView, type Result, refused } from '../api.js'

const VIEW: FolderView = {
  path: '',
  mode: 'both',
  state: 'off',
  reason: '',
  files: 0,
  directories: 0,
  bytes: 0,
  inSync: false,
  need: { items: 0, bytes: 0, done: 0 },
  heldDeletions: 0,
  conflicts: [],
  problems: [],
  changes: [],
}

const NONE: Result<never> = refused('this peer shares no folder: start it without --no-folder')
const refuse = (done: Done<never>): void => done(NONE)

export const NO_FOLDER: FolderApi = {
  folder: () => VIEW,
  folderPause: () => NONE,
  folderResume: (_answer, done) => refuse(done),
  folderKeep: (_copy, _choice, done) => refuse(done),
  folderTrash: refuse,
  folderRestore: (_what, done) => refuse(done),
}
