package io.tidaldb.core.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.core.Exploration;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("R-61, F-13: All that can happen to a slot that moves, with two writes and something that goes wrong")
class MigrationExplorerTest {

    @Test
    @DisplayName(
            "one leads at a time, the target has what was acknowledged when it leads, nothing is erased that is there alone")
    void holds() {
        Exploration<MigrationModel> all = Exploration.of(
                new MigrationModel(MigrationModel.Mistake.NONE, Integer.getInteger("tidal.explore.faults", 1)));
        System.out.println("migration explorer: " + all);
        assertThat(all.wrong()).as(all.toString()).isNull();
        assertThat(all.ends()).isPositive();
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    @DisplayName("is noticed where it is otherwise")
    void mistakesAreFound(MigrationModel.Mistake mistake) {
        assertThat(Exploration.of(new MigrationModel(mistake, 3)).wrong())
                .as(mistake.toString())
                .isNotNull();
    }
}
