#include <taper/taper.h>

int main(void)
{
    tp_tensor *truth = tp_from_text(TP_I64, "[0, 1, 2, 2, 1, 0]");
    tp_tensor *predicted = tp_from_text(TP_I64, "[0, 2, 2, 2, 1, 0]");
    printf("accuracy %.4f, macro F1 %.4f\n", tp_accuracy(truth, predicted),
           tp_f1(truth, predicted, .average = TP_AVERAGE_MACRO));
    tp_print(stdout, tp_confusion_matrix(truth, predicted, 3));
    tp_classification_report(stdout, truth, predicted, (const char *const[]){"low", "middle", "high"}, 3);

    tp_tensor *clicked = tp_from_text(TP_I64, "[0, 0, 1, 1]"),
              *scores = tp_from_text(TP_F32, "[0.1, 0.4, 0.35, 0.8]");
    printf("area under the ROC curve: %.2f\n", tp_roc_auc(clicked, scores));
    tp_finish();
    return 0;
}

/* Output:
accuracy 0.8333, macro F1 0.8222
tensor([[2, 0, 0],
        [0, 1, 1],
        [0, 0, 2]])
              precision    recall  f1-score   support

         low       1.00      1.00      1.00         2
      middle       1.00      0.50      0.67         2
        high       0.67      1.00      0.80         2

    accuracy                           0.83         6
   macro avg       0.89      0.83      0.82         6
weighted avg       0.89      0.83      0.82         6
area under the ROC curve: 0.75
*/
