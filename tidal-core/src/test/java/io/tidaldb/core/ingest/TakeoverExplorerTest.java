package io.tidaldb.core.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.core.Exploration;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("R-52: All that can happen to three replicas with two writes, a retry, a crash and a cut")
class TakeoverExplorerTest {

    private static Exploration<TakeoverModel> explore(TakeoverModel.Mistake mistake) {
        return Exploration.of(new TakeoverModel(mistake, Integer.getInteger("tidal.explore.expiries", 1)));
    }

    @Test
    @DisplayName(
            "never counts a write twice, loses none that was acknowledged, and says that all is there only when it is")
    void holds() {
        Exploration<TakeoverModel> all = explore(TakeoverModel.Mistake.NONE);
        System.out.println("takeover explorer: " + all);
        assertThat(all.wrong()).as(all.toString()).isNull();
        assertThat(all.ends()).isPositive();
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    @DisplayName("is noticed where it does")
    void mistakesAreFound(TakeoverModel.Mistake mistake) {
        assertThat(explore(mistake).wrong()).as(mistake.toString()).isNotNull();
    }
}
