/** Severity says how bad a finding is. */
export type Severity = 'error' | 'warning' | 'info';

/** Dialect is the name of a vendor's API. */
export type Dialect = 'flxpoint' | 'kaiten' | 'sixeye' | 'd3lay' | 'fipto';

/** Fault is a rule of a plan of faults: see docs/guides/faults.md for the members of each kind. */
export interface Fault {
  kind:
    | 'latency'
    | 'status'
    | 'truncate'
    | 'malform'
    | 'html'
    | 'reset'
    | 'drip'
    | 'shift_page'
    | 'appear'
    | 'disappear'
    | 'expire_token'
    | 'revoke_token'
    | 'shift_clock';
  name?: string;
  dialect?: Dialect;
  method?: string;
  path?: string;
  probability?: number;
  every?: number;
  requests?: number[];
  for?: number;
  status?: number;
  retry_after?: string;
  mean?: string;
  distribution?: 'constant' | 'uniform' | 'exponential' | 'normal';
  deviation?: string;
  min?: string;
  max?: string;
  bytes?: number;
  by?: number;
  users?: number;
  shift?: string;
}

/** Plan is a plan of faults. */
export interface Plan {
  seed?: number;
  rules: Fault[];
}

export interface Options {
  /** What to emulate; or several, of which the first is the one that baseURL and credentials are about. */
  dialect?: Dialect;
  dialects?: Dialect[];
  /** How many users there are; 1000 by default. */
  users?: number;
  /** What users and chance follow from. */
  seed?: number;
  /** What to follow: the vendor's page, or what its API was seen to do. */
  contract?: 'documented' | 'live';
  /** What goes wrong. */
  faults?: Fault[] | Plan;
  /** The first API's port; any that is free by default. */
  port?: number;
  /** The program; $ROSTER_BINARY by default, or else `roster`. */
  binary?: string;
  /** Further arguments of `roster emulate`. */
  args?: string[];
  /** How long starting may take, in milliseconds; 30,000 by default. */
  startTimeout?: number;
}

/** Credential is one way to ask an API. */
export interface Credential {
  name: string;
  /** What requests with it are answered as far as the credential is concerned: 200 for one that counts. */
  status: number;
  header?: string;
  value?: string;
  secret?: string;
  /** The id of the API client that signs, and the file with its private key (PEM, PKCS #8). */
  key_id?: string;
  key_file?: string;
  curl: string;
}

/** API is an emulated vendor. */
export interface API {
  dialect: Dialect;
  title: string;
  baseURL: string;
  credentials: Credential[];
}

/** Finding is a rule that a client breaks: see docs/guides/inspect.md. */
export interface Finding {
  rule: string;
  severity: Severity;
  dialect: Dialect;
  operation: string;
  client: string;
  where?: string;
  what: string;
  source: string;
  fix: string;
  count: number;
  requests: number[];
  /** True for what the client can still make good by another request. */
  open?: boolean;
}

/** Request is what a client asked for and how it was answered, without secrets. */
export interface Request {
  number: number;
  dialect: Dialect;
  client: string;
  at: string;
  milliseconds: number;
  method: string;
  url: string;
  operation?: string;
  header: Record<string, string[]>;
  body?: string;
  response: { status: number; header?: Record<string, string[]>; body?: string; bytes: number; broken?: boolean };
  faults?: string[];
  findings?: string[];
}

/** Summary is what the program tells at its end. */
export interface Summary {
  requests: { dialect: Dialect; method: string; path: string; status: number; requests: number }[];
  faults?: { rule: string; requests: number }[];
  findings?: Finding[];
}

/** Roster is what runs. */
export interface Roster {
  readonly apis: API[];
  readonly baseURL: string;
  readonly controlURL: string;
  readonly credentials: Credential[];
  readonly pid: number;
  readonly faults: {
    /** Has other things go wrong from now on; the numbers of requests begin anew. */
    set(rules: Fault[] | Plan, options?: { seed?: number }): Promise<void>;
    get(): Promise<{ plan: Plan; happened: { rule: string; requests: number }[] }>;
    clear(): Promise<void>;
  };
  api(dialect: Dialect): API;
  /** Fails with a RangeError where there is none of the name. */
  credential(name?: string): Credential;
  headers(name?: string): Record<string, string>;
  /** Puts everything back as it was at the start: users, tokens, faults, limits, the clock, requests and findings. */
  reset(): Promise<void>;
  snapshot(name?: string): Promise<string>;
  restore(name: string): Promise<void>;
  shiftClock(shift: string): Promise<{ now: string; shift: string }>;
  requests(): Promise<Request[]>;
  findings(): Promise<Finding[]>;
  /** Fails with an AssertionError that lists the findings; failOn is "warning" by default. */
  requireClean(failOn?: Severity): Promise<void>;
  control(method: string, path: string, body?: unknown): Promise<any>;
  native(method: string, path: string, body?: unknown): Promise<any>;
  stop(): Promise<Summary>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts `roster emulate` and returns when it can be asked. The program ends with the test, however that ends. */
export function start(options: Options): Promise<Roster>;
