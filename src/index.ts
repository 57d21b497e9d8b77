/** What `import … from 'p2p-tui'` gives: a peer of the network, a tracker, and the older system's chain. */
export { OperationalError } from '../wire/errors.js'
export type { Address, Hash, PeerId } from '../wire/types.js'
export type {
  BlockView,
  ChainView,
  FileView,
  FolderChange,
  FolderConflict,
  FolderMode,
  FolderProblem,
  FolderView,
  InviteView,
  KeepChoice,
  LogLine,
  LookupView,
  ManifestView,
  MineMode,
  MiningView,
  OnProgress,
  PeerView,
  Progress,
  ReceiptView,
  RecordView,
  RequestedView,
  ResumeAnswer,
  RingView,
  ShareOptions,
  StatusView,
  StoredView,
  StoreOptions,
  TallyView,
  TransferView,
  TrashView,
  VoteView,
} from './api.js'
export {
  type AddResult,
  Block,
  Blockchain,
  type BlockJson,
  type DataCriterion as ChainCriterion,
  type Json,
  oneVotePerVoter,
} from './ledger/classic.js'
export type { AddOptions } from './library/chain-data.js'
export { type DataCriterion, votingRule } from './library/data.js'
export type { Listener, PeerEvents } from './library/events.js'
export type { LongOptions, WaitOptions } from './library/operation.js'
export { Peer, type PollOptions, type RequestOptions, type VoteOptions } from './library/peer.js'
export type { Homes, PeerOptions } from './library/plan.js'
export { Tracker, type TrackerOptions } from './library/tracker.js'
