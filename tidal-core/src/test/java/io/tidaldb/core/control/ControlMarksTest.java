package io.tidaldb.core.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.control.ControlPosition;
import io.tidaldb.core.directory.NodeDirectory;
import io.tidaldb.core.directory.NodeHome;
import io.tidaldb.core.directory.NodeIdentity;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ControlMarksTest {

    private static final NodeId SELF = NodeId.of("n0");
    private static final NodeId OTHER = NodeId.of("n1");
    private static final NodeId GONE = NodeId.of("n2");

    @TempDir
    Path directory;

    private NodeHome home;

    @BeforeEach
    void openHome() {
        home = NodeDirectory.open(directory, new NodeIdentity("c", SELF, RegionId.of(0), "file", "uuid", true, false));
    }

    @AfterEach
    void closeHome() {
        home.abandon();
    }

    private static NodeRecord node(NodeId id, String address, boolean removed) {
        return new NodeRecord(id, RegionId.of(0), address, "uuid", removed, null);
    }

    private ControlMarks kept() {
        ControlMarks marks = new ControlMarks(SELF, home);
        marks.reached(OTHER, new ControlPosition(3, 40));
        marks.reached(GONE, new ControlPosition(3, 30));
        marks.keep(
                new ControlPosition(4, 50),
                List.of(node(SELF, "", false), node(OTHER, "10.0.0.1:7401", false), node(GONE, "10.0.0.2:7401", true)));
        return marks;
    }

    @Test
    void keepsTheFurthestOfEachNodeThatIsThere() {
        assertThat(new ControlMarks(SELF, home).isEmpty()).isTrue();
        kept();
        ControlMarks found = new ControlMarks(SELF, home);
        assertThat(found.nodes()).containsExactly(SELF, OTHER);
        assertThat(found.of(SELF)).isEqualTo(new ControlPosition(4, 50));
        assertThat(found.of(GONE)).isEqualTo(ControlPosition.NONE);
        assertThat(found.address(OTHER)).isEqualTo("10.0.0.1:7401");
        assertThat(found.address(SELF)).isNull();
        found.reached(OTHER, new ControlPosition(2, 60));
        assertThat(found.of(OTHER)).isEqualTo(new ControlPosition(3, 60));
    }

    @Test
    void damageIsRefusedAndNamed() throws IOException {
        kept();
        Path file = directory.resolve("control-marks");
        byte[] bytes = Files.readAllBytes(file);
        for (int at = 0; at < bytes.length; at++) {
            byte[] damaged = bytes.clone();
            damaged[at] ^= 1;
            Files.write(file, damaged);
            assertThatThrownBy(() -> new ControlMarks(SELF, home))
                    .as(new String(damaged, StandardCharsets.ISO_8859_1))
                    .isInstanceOfSatisfying(
                            TidalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CORRUPT_DATA))
                    .hasMessageContaining(file.toString());
        }
    }
}
