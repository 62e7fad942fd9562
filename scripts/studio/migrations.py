"""The record's tables, as the statements that made them. A line that stands here is never changed: records
out there were made with it.

`open` is 1 while something is still to come or to be settled: it says what a later command has to look at.
`amount` and `claimed_on` are what a job claimed of the day's limits; `claimed_on` is null where nothing was
bought. `lease` is the time until which the process named by `owner` is taken to be alive. `row` says which
row of a batch it was bought for.
`told` holds what was said of a job before its end, so that nobody is told twice; `read_once` the files of
other programs that were taken over; `times` how long the jobs of a kind took, and when one was last under
way.
"""

from __future__ import annotations

MIGRATIONS = {
    "1-jobs": """
        CREATE TABLE jobs (
            id TEXT PRIMARY KEY,
            state TEXT NOT NULL,
            created_at REAL NOT NULL,
            changed_at REAL NOT NULL,
            finished_at REAL,
            gateway TEXT NOT NULL,
            user_id TEXT,
            plan TEXT NOT NULL,
            out TEXT NOT NULL,
            task_id TEXT,
            route TEXT,
            submitted_at REAL,
            deadline REAL,
            charged INTEGER,
            error TEXT
        );
        CREATE UNIQUE INDEX jobs_task ON jobs (gateway, task_id);
        CREATE INDEX jobs_created ON jobs (created_at);
        CREATE TABLE events (
            job TEXT NOT NULL REFERENCES jobs (id),
            at REAL NOT NULL,
            what TEXT NOT NULL
        );
        CREATE INDEX events_job ON events (job);
        CREATE TABLE outputs (
            job TEXT NOT NULL REFERENCES jobs (id),
            n INTEGER NOT NULL,
            kind TEXT NOT NULL,
            url TEXT NOT NULL,
            path TEXT,
            mime TEXT,
            bytes INTEGER,
            sha256 TEXT,
            width INTEGER,
            height INTEGER,
            PRIMARY KEY (job, n)
        );
    """,
    "2-claims": """
        ALTER TABLE jobs ADD COLUMN open INTEGER NOT NULL DEFAULT 1;
        ALTER TABLE jobs ADD COLUMN owner TEXT;
        ALTER TABLE jobs ADD COLUMN lease REAL;
        ALTER TABLE jobs ADD COLUMN fingerprint TEXT;
        ALTER TABLE jobs ADD COLUMN asked TEXT;
        ALTER TABLE jobs ADD COLUMN amount INTEGER;
        ALTER TABLE jobs ADD COLUMN claimed_on TEXT;
        ALTER TABLE jobs ADD COLUMN handed_out_at REAL;
        UPDATE jobs SET open = 0 WHERE state = 'failed' OR state = 'done' AND NOT EXISTS
            (SELECT 1 FROM outputs WHERE outputs.job = jobs.id AND outputs.path IS NULL);
        UPDATE jobs SET lease = changed_at + 300 WHERE state IN ('intent', 'sending');
        CREATE INDEX jobs_open ON jobs (open, created_at);
        CREATE INDEX jobs_user ON jobs (user_id, created_at);
        CREATE INDEX jobs_claimed ON jobs (claimed_on);
        CREATE INDEX jobs_fingerprint ON jobs (fingerprint, created_at);
        CREATE INDEX jobs_asked ON jobs (asked, created_at);
        CREATE INDEX jobs_state ON jobs (state);
        CREATE TABLE names (
            kind TEXT NOT NULL,
            name TEXT NOT NULL,
            job TEXT NOT NULL,
            asked TEXT,
            PRIMARY KEY (kind, name)
        );
        CREATE INDEX names_job ON names (job);
        CREATE TABLE counters (
            gateway TEXT NOT NULL,
            scope TEXT NOT NULL,
            day TEXT NOT NULL,
            spent INTEGER NOT NULL,
            PRIMARY KEY (gateway, scope, day)
        );
        CREATE TABLE approvals (token TEXT PRIMARY KEY, at REAL NOT NULL, terms TEXT NOT NULL, lost TEXT);
        CREATE INDEX approvals_at ON approvals (at);
        CREATE TABLE uploads (
            place TEXT NOT NULL,
            sha256 TEXT NOT NULL,
            value TEXT NOT NULL,
            until REAL NOT NULL,
            PRIMARY KEY (place, sha256)
        );
        CREATE INDEX uploads_until ON uploads (until);
    """,
    "3-chats": """
        CREATE TABLE told (
            job TEXT NOT NULL REFERENCES jobs (id),
            what TEXT NOT NULL,
            at REAL NOT NULL,
            PRIMARY KEY (job, what)
        );
        CREATE TABLE preferences (
            user_id TEXT NOT NULL,
            task_type TEXT NOT NULL,
            gateway TEXT NOT NULL,
            model_id TEXT NOT NULL,
            set_at REAL NOT NULL,
            PRIMARY KEY (user_id, task_type)
        );
        CREATE TABLE read_once (what TEXT PRIMARY KEY, at REAL NOT NULL);
    """,
    "4-films": """
        ALTER TABLE jobs ADD COLUMN shots TEXT;
        ALTER TABLE outputs ADD COLUMN seconds REAL;
        ALTER TABLE outputs ADD COLUMN expires_at REAL;
    """,
    "5-receipts": """
        ALTER TABLE jobs ADD COLUMN receipt_wanted INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE jobs ADD COLUMN receipt TEXT;
        ALTER TABLE uploads ADD COLUMN at REAL;
    """,
    "6-rows": """
        ALTER TABLE jobs ADD COLUMN row TEXT;
        CREATE INDEX jobs_row ON jobs (row, created_at);
    """,
    "7-times": """
        CREATE TABLE times (
            job TEXT PRIMARY KEY REFERENCES jobs (id),
            kind TEXT NOT NULL,
            at REAL NOT NULL,
            looked_at REAL,
            took REAL
        );
        CREATE INDEX times_kind ON times (kind, at);
    """,
}
"""Append only, applied in order, each once."""
