package io.tidaldb.it;

import io.tidaldb.server.TidalCommand;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** The commands as a page. */
final class CliReference {

    private static final String INTRODUCTION = """
            What commands print is for people unless `--output json` is given, which prints the same as JSON. Results go to standard output,
            everything else to standard error. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 refused by a quota or a safety check.

            Every command also takes these:

            """;

    private final StringBuilder page = new StringBuilder(INTRODUCTION);

    private CliReference() {}

    static String render() {
        CliReference reference = new CliReference();
        CommandLine root = TidalCommand.commandLine();
        reference.table(root.getCommandSpec().options());
        reference.commands(root);
        return reference.page.toString();
    }

    private void commands(CommandLine parent) {
        for (CommandLine command : parent.getSubcommands().values()) {
            if (!command.getCommandSpec().usageMessage().hidden()) {
                command(command);
                commands(command);
            }
        }
    }

    private void command(CommandLine command) {
        command.setUsageHelpAutoWidth(false).setUsageHelpWidth(110);
        boolean top = command.getParent().getParent() == null;
        page.append(top ? "\n## " : "\n### ")
                .append(command.getCommandSpec().qualifiedName())
                .append("\n\n");
        for (String paragraph : command.getCommandSpec().usageMessage().description()) {
            page.append(paragraph.formatted()).append("\n\n");
        }
        if (!command.getSubcommands().isEmpty()) {
            page.append("Its commands: `")
                    .append(String.join("`, `", command.getSubcommands().keySet()))
                    .append("`.\n");
            return;
        }
        Help help = new Help(command.getCommandSpec(), Help.defaultColorScheme(Help.Ansi.OFF));
        page.append("```text\n").append(help.synopsis(0).strip()).append("\n```\n");
        List<ArgSpec> own = new ArrayList<>(command.getCommandSpec().positionalParameters());
        command.getCommandSpec().options().stream()
                .filter(option -> !option.inherited() && !option.hidden() && !isHelp(option))
                .forEach(own::add);
        if (!own.isEmpty()) {
            page.append('\n');
            table(own);
        }
    }

    private static boolean isHelp(OptionSpec option) {
        return option.usageHelp() || option.versionHelp();
    }

    private void table(List<? extends ArgSpec> arguments) {
        page.append("| option | meaning |\n| --- | --- |\n");
        for (ArgSpec argument : arguments) {
            page.append("| `")
                    .append(cell(name(argument)))
                    .append("` | ")
                    .append(cell(String.join(" ", argument.description()).formatted()))
                    .append(argument.required() ? " Required." : "")
                    .append(" |\n");
        }
    }

    private static String name(ArgSpec argument) {
        if (argument instanceof PositionalParamSpec parameter) {
            return parameter.paramLabel();
        }
        OptionSpec option = (OptionSpec) argument;
        String names = String.join(", ", option.names());
        return option.arity().max() == 0 ? names : names + " " + option.paramLabel();
    }

    private static String cell(String text) {
        return text.replace("|", "\\|").replace("\n", " ");
    }
}
