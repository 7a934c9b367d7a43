package io.tidaldb.it;

import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterClassTemplateInvocationCallback;
import org.junit.jupiter.api.extension.BeforeClassTemplateInvocationCallback;
import org.junit.jupiter.api.extension.ClassTemplateInvocationContext;
import org.junit.jupiter.api.extension.ClassTemplateInvocationContextProvider;
import org.junit.jupiter.api.extension.Extension;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.TestWatcher;

/** Hands a class of scenarios each of the cells, and counts how they end. */
final class Matrix implements ClassTemplateInvocationContextProvider {

    @Override
    public boolean supportsClassTemplate(ExtensionContext context) {
        return true;
    }

    @Override
    public Stream<? extends ClassTemplateInvocationContext> provideClassTemplateInvocationContexts(
            ExtensionContext context) {
        MatrixReport report =
                context.getRoot().getStore(ExtensionContext.Namespace.GLOBAL).computeIfAbsent(MatrixReport.class);
        return Cell.chosen().stream().map(cell -> new OneCell(cell, report.of(cell)));
    }

    private record OneCell(Cell cell, MatrixReport.Tally tally) implements ClassTemplateInvocationContext {

        @Override
        public String getDisplayName(int invocationIndex) {
            return cell.toString();
        }

        @Override
        public List<Extension> getAdditionalExtensions() {
            return List.of(new CellParameter(cell), new Watch(tally));
        }
    }

    private record CellParameter(Cell cell) implements ParameterResolver {

        @Override
        public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
            return parameter.getParameter().getType() == Cell.class;
        }

        @Override
        public Cell resolveParameter(ParameterContext parameter, ExtensionContext context) {
            return cell;
        }
    }

    private record Watch(MatrixReport.Tally tally)
            implements BeforeClassTemplateInvocationCallback, AfterClassTemplateInvocationCallback, TestWatcher {

        @Override
        public void beforeClassTemplateInvocation(ExtensionContext context) {
            tally.begin();
        }

        @Override
        public void afterClassTemplateInvocation(ExtensionContext context) {
            tally.end();
        }

        @Override
        public void testSuccessful(ExtensionContext context) {
            tally.passed(scenario(context));
        }

        @Override
        public void testFailed(ExtensionContext context, @Nullable Throwable cause) {
            tally.failed(scenario(context));
        }

        private static String scenario(ExtensionContext context) {
            return context.getRequiredTestClass().getSimpleName() + ": " + context.getDisplayName();
        }
    }
}
