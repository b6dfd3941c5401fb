"""What can be wrong with what was given, with this machine, or with what a teacher or a training made of it.

Every exception of the package that is meant for a user derives from `SqlReasonError`, beside the builtin that it always
was; its message says what was given, what is accepted and what to do, and is all that the command line shows of it
(`failures`). Whatever else ends a run is a fault of the program. The tree, indented under what a class derives from:

    SqlReasonError
        BadInput                errors                  a parameter, a catalog entry, a file or a table cannot be used
            PromptOverBudget    reasoning.prompts       a schema stays too long for a prompt
            SchemaError         sql.tables              a text is no schema that can be made
            SourceError         synthesis.sources.readers   a database cannot be read
            BlueprintError      synthesis.blueprint     a schema file breaks the notation
            NothingFits         synthesis.grammar       the mix has no query for a schema
            JournalError        teachers.journal        a file is no journal of this version
            CheckpointError     students.checkpoint     a base model is missing, incomplete or out of reach
            ChatError           students.templates      a tokenizer or chat template cannot be used as it is
            AdapterError        students.adapter        an adapter is not for this base model or prompt, or is torn
            VocabularyError     students.vocabulary     two models do not share their tokens
            CertificationError  rewards.certification   rewards do not tell right from wrong
            GgufError           exports.gguf            a model cannot be written as GGUF
                NoGgufError     exports.gguf            this program writes no GGUF of such a model
        TeacherError            teachers.asking         too many questions were left without an answer
        TrainingError           students.training       a training would not do what was asked for
        UnslothError            students.unsloth        unsloth cannot be used here
        ChildError              students.launch         a child process or rank of a training failed or died
        WorkerError             sql.sandbox             no worker comes up that could run a query
        GoldError               examination             golds do not agree with themselves, so no figure can be believed
        ExportError             pipelines.export.nodes  an exported form scores worse than what it was made of

Signals between modules, which no run ever ends with, stand outside it:

    EngineError                 sql.worker.outcomes     a statement did not run; the worker imports nothing from here
    WorkerDied                  sql.sandbox             a worker has ended; its pool starts another
    OverBudget                  sql.budget              a question costs too much to prepare; it is left out
    _Foreign                    sql.cache               a file is no cache; it is set aside
    Unreadable                  sql.checks              a CHECK is too involved to be read; its table is flagged
    UnreadableReply             teachers.replies        a provider's answer holds no text; its row fails
    UnstorableEntry             teachers.journal        no file can hold an answer; its row fails
    Unsuitable                  synthesis.blueprint     a shape does not fit; another is tried
"""


class SqlReasonError(Exception):
    """Something that a user can mend; the message says what and how."""


class BadInput(SqlReasonError, ValueError):
    """Something that the user gave cannot be used: a parameter, a catalog entry, a file, a table, an argument."""
