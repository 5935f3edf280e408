internal import GRDB

/// The tables of docs/catalog.md, and how older catalogs become newer ones.
enum CatalogSchema {
    /// The tables of what the log says.
    static let tableNames = [
        "streams", "frames", "results", "detections", "groups", "runs", "dead_letters", "gaps",
    ]

    /// Tables of the archive's own: when frames were captured whose pictures are gone.
    static let ownTableNames = ["stubs"]

    /// What has been done to a catalog, in order; entries are added, never changed.
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 first tables") { database in
            try database.execute(sql: tables)
            try database.execute(sql: indexes)
        }
        migrator.registerMigration("2 duplicates are counted") { database in
            try database.execute(
                sql: "ALTER TABLE runs ADD COLUMN duplicates INTEGER NOT NULL DEFAULT 0"
            )
        }
        migrator.registerMigration("3 indexes answer by themselves") { database in
            try database.execute(sql: coveringIndexes)
        }
        migrator.registerMigration("4 pictures may go before what was made of them") { database in
            try database.execute(
                sql: """
                    CREATE TABLE stubs (
                        stream TEXT NOT NULL,
                        epoch INTEGER NOT NULL,
                        sequence INTEGER NOT NULL,
                        captured_at TEXT NOT NULL,
                        PRIMARY KEY (stream, epoch, sequence)
                    ) WITHOUT ROWID
                    """
            )
        }
        return migrator
    }

    private static let tables = """
        CREATE TABLE projection (position INTEGER NOT NULL);
        INSERT INTO projection VALUES (0);

        CREATE TABLE streams (
            stream TEXT PRIMARY KEY,
            frames INTEGER NOT NULL DEFAULT 0,
            bytes INTEGER NOT NULL DEFAULT 0,
            first_captured_at TEXT,
            last_captured_at TEXT,
            last_epoch INTEGER,
            last_sequence INTEGER,
            missing_frames INTEGER NOT NULL DEFAULT 0
        ) WITHOUT ROWID;

        CREATE TABLE frames (
            stream TEXT NOT NULL,
            epoch INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            captured_at TEXT NOT NULL,
            captured_ns INTEGER NOT NULL,
            format TEXT NOT NULL,
            width INTEGER NOT NULL,
            height INTEGER NOT NULL,
            byte_count INTEGER NOT NULL,
            parent_stream TEXT,
            parent_epoch INTEGER,
            parent_sequence INTEGER,
            PRIMARY KEY (stream, epoch, sequence)
        ) WITHOUT ROWID;

        CREATE TABLE results (
            stream TEXT NOT NULL,
            epoch INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            group_name TEXT NOT NULL,
            run INTEGER NOT NULL,
            captured_at TEXT,
            model TEXT NOT NULL,
            model_hash TEXT NOT NULL,
            worker TEXT NOT NULL,
            attempt INTEGER NOT NULL,
            failure TEXT,
            detection_count INTEGER NOT NULL,
            attributes TEXT,
            started_at TEXT NOT NULL,
            decode_ms REAL NOT NULL,
            infer_ms REAL NOT NULL,
            PRIMARY KEY (stream, epoch, sequence, group_name, run)
        ) WITHOUT ROWID;

        CREATE TABLE detections (
            stream TEXT NOT NULL,
            epoch INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            group_name TEXT NOT NULL,
            run INTEGER NOT NULL,
            number INTEGER NOT NULL,
            captured_at TEXT,
            label TEXT NOT NULL,
            score REAL NOT NULL,
            x REAL NOT NULL,
            y REAL NOT NULL,
            width REAL NOT NULL,
            height REAL NOT NULL,
            track INTEGER,
            landmarks TEXT,
            embedding BLOB,
            PRIMARY KEY (stream, epoch, sequence, group_name, run, number)
        ) WITHOUT ROWID;

        CREATE TABLE groups (
            group_name TEXT PRIMARY KEY,
            patterns TEXT NOT NULL,
            policy TEXT NOT NULL,
            ordering TEXT NOT NULL,
            start TEXT NOT NULL
        ) WITHOUT ROWID;

        CREATE TABLE runs (
            group_name TEXT NOT NULL,
            run INTEGER NOT NULL,
            job INTEGER,
            state TEXT NOT NULL,
            pace REAL,
            selection TEXT,
            created_at TEXT,
            frames INTEGER,
            completed INTEGER NOT NULL DEFAULT 0,
            failed INTEGER NOT NULL DEFAULT 0,
            dead INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (group_name, run)
        ) WITHOUT ROWID;

        CREATE TABLE dead_letters (
            stream TEXT NOT NULL,
            epoch INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            group_name TEXT NOT NULL,
            run INTEGER NOT NULL,
            attempts INTEGER NOT NULL,
            reason TEXT NOT NULL,
            worker TEXT NOT NULL,
            died_at TEXT NOT NULL,
            PRIMARY KEY (stream, epoch, sequence, group_name, run)
        ) WITHOUT ROWID;

        CREATE TABLE gaps (
            stream TEXT NOT NULL,
            epoch INTEGER NOT NULL,
            first_sequence INTEGER NOT NULL,
            last_sequence INTEGER NOT NULL,
            frames INTEGER NOT NULL,
            reason TEXT NOT NULL,
            group_name TEXT
        );
        """

    private static let indexes = """
        CREATE INDEX frames_by_stream_and_time ON frames (stream, captured_at);
        CREATE INDEX frames_by_time ON frames (captured_at);
        CREATE INDEX results_by_run ON results (group_name, run, captured_at);
        CREATE INDEX detections_by_label ON detections (label, captured_at);
        CREATE INDEX detections_by_run ON detections (group_name, run, captured_at);
        CREATE INDEX detections_by_stream_and_time ON detections (stream, captured_at);
        CREATE INDEX gaps_by_stream ON gaps (stream, epoch, first_sequence);
        """

    /// What most questions about detections ask for stands in the index, in the order of the frames.
    private static let coveringIndexes = """
        DROP INDEX detections_by_label;
        CREATE INDEX detections_by_label ON detections
            (label, captured_at, stream, epoch, sequence, group_name, run, score);
        DROP INDEX detections_by_stream_and_time;
        CREATE INDEX detections_by_stream_and_time ON detections (stream, captured_at, label, score);
        """
}
