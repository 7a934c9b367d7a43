package io.tidaldb.bench;

import de.erichseifert.vectorgraphics2d.Processors;
import de.erichseifert.vectorgraphics2d.VectorGraphics2D;
import de.erichseifert.vectorgraphics2d.util.PageSize;
import java.awt.Color;
import java.awt.Font;
import java.awt.geom.Rectangle2D;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jfree.chart.JFreeChart;
import org.jfree.chart.axis.CategoryAxis;
import org.jfree.chart.axis.NumberAxis;
import org.jfree.chart.plot.CategoryPlot;
import org.jfree.chart.renderer.category.LineAndShapeRenderer;
import org.jfree.chart.ui.RectangleInsets;
import org.jfree.data.category.DefaultCategoryDataset;

/**
 * Draws the rate and the 99th percentile over the contenders of workloads: a plot each, two side by side. Contenders are equally far from one
 * another, so that sizes that grow by one factor are on a logarithmic scale.
 */
final class GrowthPlot {

    private static final int WIDTH = 480;
    private static final int HEIGHT = 300;
    private static final int COLUMNS = 2;
    // Of the palette by Okabe and Ito, which those can tell apart who can't all colours.
    private static final Color BLUE = new Color(0x0072B2);
    private static final Color ORANGE = new Color(0xD55E00);

    // Not of 12 points: that size is left out of the SVG, which then has another.
    private static final Font FONT = new Font(Font.SANS_SERIF, Font.PLAIN, 11);
    private static final RectangleInsets PADDING = new RectangleInsets(12, 8, 4, 8);

    private GrowthPlot() {}

    /** Writes them as one SVG. */
    static void write(List<Outcome> outcomes, Path file) throws IOException {
        VectorGraphics2D all = new VectorGraphics2D();
        int rows = (outcomes.size() + COLUMNS - 1) / COLUMNS;
        for (int i = 0; i < outcomes.size(); i++) {
            int left = i % COLUMNS * WIDTH;
            int top = i / COLUMNS * HEIGHT;
            chart(outcomes.get(i)).draw(all, new Rectangle2D.Double(left, top, WIDTH, HEIGHT));
        }
        try (OutputStream out = Files.newOutputStream(file)) {
            Processors.get("svg")
                    .getDocument(all.getCommands(), new PageSize(COLUMNS * WIDTH, rows * HEIGHT))
                    .writeTo(out);
        }
    }

    private static JFreeChart chart(Outcome outcome) {
        CategoryPlot plot = new CategoryPlot();
        CategoryAxis sizes = new CategoryAxis(outcome.workload().name());
        sizes.setLabelFont(FONT);
        plot.setDomainAxis(sizes);
        plot.setBackgroundPaint(Color.WHITE);
        plot.setRangeGridlinePaint(Color.LIGHT_GRAY);
        add(plot, 0, outcome, Figure.RATE, "thousand a second, left", BLUE);
        add(plot, 1, outcome, Figure.P99_MICROS, "p99 ms, right", ORANGE);
        JFreeChart chart = new JFreeChart(plot);
        chart.setBackgroundPaint(Color.WHITE);
        chart.setPadding(PADDING);
        chart.getLegend().setItemFont(FONT);
        return chart;
    }

    /** Adds a line with an axis of its own. */
    private static void add(CategoryPlot plot, int index, Outcome outcome, Figure figure, String name, Color color) {
        DefaultCategoryDataset line = new DefaultCategoryDataset();
        outcome.workload().contenders().keySet().stream()
                .filter(outcome.rounds()::containsKey)
                .forEach(each -> line.addValue(outcome.median(each, figure) / 1e3, name, each));
        NumberAxis axis = new NumberAxis();
        axis.setTickLabelPaint(color);
        LineAndShapeRenderer renderer = new LineAndShapeRenderer();
        renderer.setSeriesPaint(0, color);
        plot.setDataset(index, line);
        plot.setRangeAxis(index, axis);
        plot.mapDatasetToRangeAxis(index, index);
        plot.setRenderer(index, renderer);
    }
}
