package io.tidaldb.wal.file;

import io.tidaldb.api.wal.LogId;
import java.util.HashMap;
import java.util.Map;

/** What the journal says last of each log's end or beginning, learned before anything is obeyed: files that are gone by its order are not missed. */
final class JournalFate implements JournalReader.Visitor {

    private final Map<LogId, Fate> fates = new HashMap<>();

    /** Of one log: where it was last erased, and the base set after that. */
    private static final class Fate {
        private long erasedCommit;
        private int erasedIndex = -1;
        private long base;
    }

    @Override
    public void commit(Commit commit) {
        for (int i = 0; i < commit.entries().size(); i++) {
            Commit.Entry entry = commit.entries().get(i);
            Fate fate = fates.computeIfAbsent(entry.log(), log -> new Fate());
            Frame frame = entry.frame();
            if (frame == null) {
                continue;
            }
            if (frame.type() == Frame.Type.ERASED) {
                fate.erasedCommit = commit.number();
                fate.erasedIndex = i;
                fate.base = 0;
            } else if (frame.type() == Frame.Type.BASE) {
                fate.base = frame.seqno();
            }
        }
    }

    @Override
    public void tornTail(String file, long offset, long bytes) {
        // Reported by the reading that obeys.
    }

    boolean isMentioned(LogId log) {
        return fates.containsKey(log);
    }

    boolean isErased(LogId log) {
        Fate fate = fates.get(log);
        return fate != null && fate.erasedIndex >= 0;
    }

    /** Returns whether a frame speaks of a log as it was before its last deletion. */
    boolean isVoid(LogId log, long commit, int index) {
        Fate fate = fates.get(log);
        return fate != null
                && fate.erasedIndex >= 0
                && (commit < fate.erasedCommit || commit == fate.erasedCommit && index <= fate.erasedIndex);
    }

    /** Returns the first seqno that is kept at last, or 0 if the journal doesn't say. */
    long base(LogId log) {
        Fate fate = fates.get(log);
        return fate == null ? 0 : fate.base;
    }
}
