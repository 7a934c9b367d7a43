package io.tidaldb.server.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Results as tables")
class TableTextTest {

    private static String table(String json) throws Exception {
        return TableText.of((ObjectNode) new ObjectMapper().readTree(json)).replace(System.lineSeparator(), "\n");
    }

    @Test
    @DisplayName("a list of objects in a row takes as many lines as it has objects")
    void nestedLists() throws Exception {
        assertThat(table("""
                        {"erasures": [
                          {"entity": "42", "nodes": [
                            {"node": "n0", "erased_at": "now", "through": ["r0:s0:2", "r1:s0:3"]},
                            {"node": "n1", "erased_at": null, "through": []}]},
                          {"entity": "43"}]}
                        """)).isEqualTo("""
                        entity  node  erased at  through
                        42      n0    now        r0:s0:2,r1:s0:3
                                n1    -          -
                        43      -     -          -
                        """);
    }

    @Test
    @DisplayName("fields of an object in a row are columns")
    void nestedObjects() throws Exception {
        assertThat(table("""
                        {"slots": [{"slot": 0, "can_lose": {"data": {"nodes": 1}, "service": {"nodes": 2}}}]}
                        """)).isEqualTo("""
                        slot  can lose data nodes  can lose service nodes
                        0     1                    2
                        """);
    }
}
