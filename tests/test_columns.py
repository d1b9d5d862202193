from dlrun.columns import is_running_mean, metric_of


def test_a_column_names_a_metric_and_where_it_was_measured() -> None:
    for column in ("accuracy", "val_accuracy", "train_eval_accuracy"):
        assert metric_of(column) == "accuracy"
    assert metric_of("validity") == "validity"


def test_only_a_bare_name_is_a_running_mean() -> None:
    columns = ("epoch", "loss", "val_loss", "train_eval_loss", "learning_rate", "epoch_seconds")
    assert [column for column in columns if is_running_mean(column)] == ["loss"]
