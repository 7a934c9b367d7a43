package io.tidaldb.control.ratis;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("The control log's own room on its disk")
class ReservedRoomTest {

    @TempDir
    Path directory;

    private long usable = ReservedRoom.AMPLE_BYTES + 1;

    private Path file() {
        return directory.resolve("reserved");
    }

    @Test
    @DisplayName("is given back piece by piece while others leave nothing, and taken again when there is plenty")
    void givesWay() throws IOException {
        ReservedRoom room = new ReservedRoom(file(), () -> usable);
        room.look();
        assertThat(file()).hasSize(ReservedRoom.BYTES);
        usable = ReservedRoom.LOW_BYTES;
        room.look();
        assertThat(file()).hasSize(ReservedRoom.BYTES);
        usable = ReservedRoom.LOW_BYTES - 1;
        room.look();
        assertThat(file()).hasSize(ReservedRoom.BYTES - ReservedRoom.PIECE_BYTES);
        for (int left = ReservedRoom.BYTES; left > 0; left -= ReservedRoom.PIECE_BYTES) {
            room.look();
        }
        assertThat(file()).isEmptyFile();
        room.look();
        usable = ReservedRoom.AMPLE_BYTES;
        room.look();
        assertThat(file()).isEmptyFile();
        usable++;
        room.look();
        assertThat(file()).hasSize(ReservedRoom.BYTES);
    }

    @Test
    @DisplayName("is what a process before this one has left of it")
    void foundAgain() throws IOException {
        Files.write(file(), new byte[ReservedRoom.PIECE_BYTES + 1]);
        usable = 0;
        ReservedRoom room = new ReservedRoom(file(), () -> usable);
        room.look();
        assertThat(file()).hasSize(1);
        room.look();
        assertThat(file()).isEmptyFile();
    }
}
